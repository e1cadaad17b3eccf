/**
 * Identifies this process, and finds out whether another process still runs.
 *
 * Owns: the identity of a process beyond its pid (pids are used again): host, boot and pid namespace, start time.
 * On one machine a dead process is known at once; a frozen or a remote one only by its lease.
 */
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** The identity of a process, as owners record it. */
export interface ProcessIdentity {
  readonly host: string
  readonly pid: number
  readonly processStart: string
}

/** Read once and shared, since all runtimes here are in one process. */
let own: ProcessIdentity | undefined

/** The running process; read once, since it does not change while it runs. */
export function thisProcess(): ProcessIdentity {
  own ??= { host: hostIdentity(), pid: process.pid, processStart: startOf(process.pid) ?? 'unknown' }
  return own
}

/** True if that process is certainly gone; false also if this machine can't know. */
export function isGone(other: ProcessIdentity): boolean {
  if (other.host !== thisProcess().host) return false
  try {
    process.kill(other.pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
  const start = startOf(other.pid)
  return start !== undefined && other.processStart !== 'unknown' && start !== other.processStart
}

function hostIdentity(): string {
  const boot = attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  const namespace = attempt(() => readlinkSync('/proc/self/ns/pid'))
  return [hostname(), boot ?? '', namespace ?? ''].join('|')
}

/** Field 22 of proc(5)'s `stat`: the start time in clock ticks since boot. The second field may hold spaces and brackets. */
function startOf(pid: number): string | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    // not on this platform, or gone in the meantime
    return undefined
  }
}
