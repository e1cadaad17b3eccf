/**
 * The timers of one program in the order in which they are due, and their stored form: one a line.
 *
 * Owns: the order, and that a commit encodes only the timers that it changed. They stand in blocks, of which each keeps its
 * text until one of its timers changes. Does not know: clocks, and who sets a timer.
 */
import { encode } from '../../codec/snapshot-codec.js'
import type { StatePiece } from '../../persistence/snapshot-store.js'
import type { ActorNaming, ProgramTimer } from './program-output.js'
import { actorOutside, frozenTimers, type PausedTimers, type TimerRecord } from './program-record.js'

/** A timer with its last stored text. */
export interface StoredTimer extends ProgramTimer {
  dueAt: number
  /** Orders timers that are due at the same time. */
  readonly seq: number
  loose: boolean
  /** Undefined: the timer must be encoded. */
  stored: { readonly source: string; readonly target: string; readonly text: string } | undefined
}

/** Timers as they are stored: a line each, each with a line break before it. */
export interface TimersText {
  readonly text: string
  /** The same in pieces, of which a commit changes few; none if there are few timers. */
  readonly pieces: readonly StatePiece[]
}

interface Block<T> {
  readonly timers: T[]
  /** Among the others; an integer, so that there is one more between any two but neighbours. */
  place: number
  /** Of all of them; undefined: one has changed. */
  text: string | undefined
}

const fullBlock = 64
const betweenPlaces = 2 ** 20
const none: readonly never[] = []
const noTimers: TimersText = { text: '', pieces: [] }

/** The timers of one execution's program. */
export class TimerTexts<T extends StoredTimer> {
  readonly #execution: string
  readonly #blocks: Block<T>[] = []
  /** The state of the program's addresses in which the texts were made. */
  #version: number | undefined

  constructor(execution: string) {
    this.#execution = execution
  }

  /** The timer that is due first. */
  get first(): T | undefined {
    return this.#blocks[0]?.timers[0]
  }

  /** As they are now. */
  inOrder(): readonly T[] {
    return this.#blocks.length === 0 ? none : this.#blocks.flatMap(({ timers }) => timers)
  }

  add(timer: T): void {
    const block = this.#blockFor(timer)
    if (!block) return void this.#blocks.push({ timers: [timer], place: betweenPlaces, text: undefined })
    block.timers.splice(placeIn(block.timers, timer), 0, timer)
    block.text = undefined
    if (block.timers.length <= fullBlock) return
    const half = block.timers.splice(fullBlock >> 1)
    const at = this.#blocks.indexOf(block) + 1
    this.#blocks.splice(at, 0, { timers: half, place: this.#placeBefore(at), text: undefined })
  }

  delete(timer: T): void {
    const block = this.#blockFor(timer)
    const place = block?.timers.indexOf(timer) ?? -1
    if (!block || place < 0) return
    block.timers.splice(place, 1)
    block.text = undefined
    if (block.timers.length === 0) this.#blocks.splice(this.#blocks.indexOf(block), 1)
  }

  /** The stored form of a timer has changed. */
  changed(timer: T): void {
    const block = this.#blockFor(timer)
    timer.stored = undefined
    if (block) block.text = undefined
  }

  /** The texts of all timers whose source and target a restoration finds. Throws `not_storable`. */
  text(naming: ActorNaming, paused: { readonly policy: PausedTimers; readonly now: number } | undefined): TimersText {
    if (this.#blocks.length === 0) return noTimers
    try {
      if (paused) {
        const records = this.inOrder().flatMap((timer) => this.#record(timer, naming) ?? [])
        return { text: timerLines(frozenTimers(records, paused.policy, paused.now), this.#execution, naming), pieces: [] }
      }
      const isSame = this.#version === naming.version
      let all = ''
      const pieces: StatePiece[] = []
      // not joined: a long text that is put together by `+` is copied when it is written, and not before
      for (const block of this.#blocks) {
        const text = (isSame ? block.text : undefined) ?? this.#blockText(block, naming)
        if (text === '') continue
        all += text
        pieces.push({ place: block.place, text })
      }
      this.#version = naming.version
      return { text: all, pieces: pieces.length > 1 ? pieces : [] }
    } catch (error) {
      // by its place among all of them
      const records = this.inOrder().flatMap((timer) => this.#record(timer, naming) ?? [])
      encode({ timers: records }, { id: this.#execution, what: 'program' }, naming.named)
      throw error
    }
  }

  #blockText(block: Block<T>, naming: ActorNaming): string {
    let namesActors = false
    const named = (value: object) => {
      const ref = naming.named(value)
      namesActors ||= ref !== undefined
      return ref
    }
    const texts = ['']
    for (const timer of block.timers) {
      const record = this.#record(timer, naming)
      if (!record) continue
      const { stored } = timer
      const isStored = stored?.source === record.source && stored.target === record.target
      const before: boolean = namesActors
      namesActors = false
      const text = isStored ? stored.text : encode(record, { id: this.#execution, what: 'timer' }, named)
      // the actors that its event names may end, or be found elsewhere
      timer.stored = namesActors ? undefined : { source: record.source, target: record.target, text }
      namesActors ||= before
      texts.push(text)
    }
    const text = texts.join('\n')
    block.text = namesActors ? undefined : text
    return text
  }

  /** Undefined for a timer that could not fire after a restoration. */
  #record(timer: T, naming: ActorNaming): TimerRecord | undefined {
    const { id, event, delay, dueAt, loose } = timer
    if (!naming.owns(timer.target)) {
      const place = this.inOrder().indexOf(timer)
      throw actorOutside(this.#execution, `timers[${place}].target`, `the delayed '${event.type}'`)
    }
    const source = naming.addressOf(timer.source)
    const target = timer.target === timer.source ? source : naming.addressOf(timer.target)
    if (source === undefined || target === undefined) return undefined
    return { source, target, id, event, delay, dueAt, ...(loose ? { loose } : {}) }
  }

  /** A place for one that comes before the block at `at`, and behind all before that. */
  #placeBefore(at: number): number {
    const [before, next] = [this.#blocks[at - 1], this.#blocks[at]] as [Block<T>, Block<T> | undefined]
    if (!next) return before.place + betweenPlaces
    if (next.place - before.place === 1) {
      for (const [n, block] of this.#blocks.entries()) block.place = (n + 1) * betweenPlaces
    }
    return Math.floor((before.place + next.place) / 2)
  }

  /** The block that has a timer, or is to have it: the last that begins before it. */
  #blockFor(timer: T): Block<T> | undefined {
    let [from, to] = [0, this.#blocks.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if (isBefore(timer, this.#blocks[middle]?.timers[0] as T)) to = middle
      else from = middle + 1
    }
    return this.#blocks[Math.max(0, from - 1)]
  }
}

/** Timers as they are stored: a line each, each with a line break before it. Throws `not_storable`. */
export function timerLines(records: readonly TimerRecord[], execution: string, naming?: Pick<ActorNaming, 'named'>): string {
  return records.map((record) => `\n${encode(record, { id: execution, what: 'timer' }, naming?.named)}`).join('')
}

const isBefore = (a: StoredTimer, b: StoredTimer) => a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.seq < b.seq)

function placeIn(timers: readonly StoredTimer[], timer: StoredTimer): number {
  let [from, to] = [0, timers.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (isBefore(timers[middle] as StoredTimer, timer)) from = middle + 1
    else to = middle
  }
  return from
}
