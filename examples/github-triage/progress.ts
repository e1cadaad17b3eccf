/**
 * Shows how far each stream is: lines redrawn in place on a terminal, at most one plain line a second elsewhere.
 *
 * Owns: drawing. The numbers come from the runtime's read-model of counts, which it only subscribes to.
 */
import { entryPointIds, type EntryPointId } from './payloads.js'

/** Counts by entry point and status. */
export type StreamCounts = Readonly<Record<string, Readonly<Record<string, number>>>>

/** As much of the read-model as is drawn. */
export interface CountsStore {
  getSnapshot(): { readonly context: StreamCounts }
  subscribe(listener: () => void): { unsubscribe(): void }
}

/** Where it is drawn: `process.stdout` will do. */
export interface Screen {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

const terminal = ['completed', 'failed', 'cancelled', 'timed_out', 'rejected']
const underway = ['running', 'waiting', 'queued', 'pausing', 'paused', 'cancelling', 'failed']
const barWidth = 24

/** How many of these counts have ended. */
export function ended(counts: Readonly<Record<string, number>> = {}): number {
  return terminal.reduce((sum, status) => sum + (counts[status] ?? 0), 0)
}

/** One stream in one line: a bar, how many have ended of how many, and what the others do. */
export function progressLine(id: string, counts: Readonly<Record<string, number>> = {}, total: number): string {
  const finished = ended(counts)
  const filled = total === 0 ? barWidth : Math.min(barWidth, Math.floor((finished / total) * barWidth))
  const others = underway.filter((status) => (counts[status] ?? 0) > 0).map((status) => `${counts[status]} ${status}`)
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled)
  return `${id.padEnd(16)} ${bar} ${`${finished}/${total}`.padStart(9)}  ${others.join(', ')}`.trimEnd()
}

/** Draws until it is stopped; `stop` draws the last state and leaves it there. */
export function startProgress(streams: CountsStore, totals: Record<EntryPointId, number>, screen: Screen) {
  const interval = screen.isTTY ? 80 : 1000
  let timer: ReturnType<typeof setTimeout> | undefined
  let drawn = ''

  function plain(): string {
    const { context } = streams.getSnapshot()
    return `${entryPointIds.map((id) => `${id} ${ended(context[id])}/${totals[id]}`).join('   ')}\n`
  }

  function lines(): string {
    const { context } = streams.getSnapshot()
    const width = (screen.columns || 80) - 1
    return entryPointIds.map((id) => `\x1b[2K${progressLine(id, context[id], totals[id]).slice(0, width)}\n`).join('')
  }

  function draw(): void {
    timer = undefined
    const next = screen.isTTY ? lines() : plain()
    if (next === drawn) return
    const home = screen.isTTY && drawn !== '' ? `\x1b[${entryPointIds.length}A` : ''
    screen.write(home + next)
    drawn = next
  }

  draw()
  const subscription = streams.subscribe(() => {
    timer ??= setTimeout(draw, interval)
  })
  return {
    stop(): void {
      subscription.unsubscribe()
      clearTimeout(timer)
      draw()
    },
  }
}
