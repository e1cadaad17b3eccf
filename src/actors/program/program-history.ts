/**
 * What the journal tells of a program besides its lifecycle: its steps and its transitions.
 *
 * Owns: which of these events there are, what they say, and that each goes into the commit that holds what it tells. They never say
 * what a step was given or gave. Does not know: when a step starts (`program-host.ts`) or ends.
 */
import { toErrorRecord } from '../../errors.js'
import type { StepEnd, StepOutput } from './program-output.js'
import type { ProgramPort, ProgramSettings } from './program-port.js'
import type { StepRecord } from './program-record.js'

interface Note {
  readonly type: string
  readonly data: object
}

/** The events of one program that no commit holds yet. */
export class ProgramHistory {
  readonly #settings: Pick<ProgramSettings, 'clock' | 'history'>
  readonly #port: Pick<ProgramPort, 'publish'>
  #notes: Note[] = []
  /** Since when the present attempt of a step runs; undefined: that it starts was told, and it has not begun. */
  readonly #steps = new Map<StepOutput, number | undefined>()
  /** The state value that was told last. */
  #value: unknown

  constructor(settings: Pick<ProgramSettings, 'clock' | 'history'>, port: Pick<ProgramPort, 'publish'>) {
    this.#settings = settings
    this.#port = port
  }

  /** The root machine is made, or restored, and stands there. */
  stands(value: unknown): void {
    this.#value = value
  }

  /** A step starts with the next commit. Told once, however often its start is held back. */
  started(step: StepOutput, key: string, { attempt }: StepRecord): void {
    if (this.#steps.has(step)) return
    this.#steps.set(step, undefined)
    this.#notes.push({ type: 'step.started', data: { ...of(step, key), attempt, ...(step.restored ? { again: true } : {}) } })
  }

  /** Its function begins. */
  begun(step: StepOutput, key: string, record: StepRecord): void {
    this.started(step, key, record)
    this.#steps.set(step, this.#settings.clock.now())
  }

  /** An attempt has failed, and the next one, of which the record is, begins after the next commit. */
  retrying(step: StepOutput, key: string, attempt: number, error: unknown): void {
    this.#notes.push({
      type: 'step.retrying',
      data: { ...of(step, key), attempt, ...this.#duration(step), error: toErrorRecord(error) },
    })
  }

  ended(step: StepOutput, key: string, { attempt }: StepRecord, end: StepEnd): void {
    const data = { ...of(step, key), attempt, ...this.#duration(step) }
    // one that never started was never told
    if (!this.#steps.delete(step)) return
    if (end.status === 'error') this.#notes.push({ type: 'step.failed', data: { ...data, error: toErrorRecord(end.error) } })
    else this.#notes.push({ type: end.status === 'done' ? 'step.completed' : 'step.left', data })
  }

  /** The root machine has moved by an event of that type. */
  moved(event: string, value: unknown): void {
    if (this.#settings.history !== 'transitions') return
    this.#notes.push({ type: 'execution.transition', data: { event, from: this.#value ?? null, to: value } })
    this.#value = value
  }

  /** A commit is made: it holds all of these. */
  collected(): void {
    for (const { type, data } of this.#notes.splice(0)) this.#port.publish(type, data)
  }

  /** The program has failed: what it has done since the last commit has not happened, but that steps have failed. */
  failed(): void {
    this.#notes = this.#notes.filter(({ type }) => type === 'step.failed' || type === 'step.retrying')
    this.collected()
  }

  #duration(step: StepOutput): { duration?: number } {
    const since = this.#steps.get(step)
    return since === undefined ? {} : { duration: Math.max(0, this.#settings.clock.now() - since) }
  }
}

const of = ({ name, path }: StepOutput, key: string) => ({ step: path, ...(name === undefined ? {} : { name }), key })
