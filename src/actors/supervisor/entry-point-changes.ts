/**
 * Adds entry points to a runtime and removes them, also while it runs.
 *
 * Owns: that the changes of one entry point follow one another; that a list is added whole or not at all; and that of an entry point
 * which is removed nothing is lost and nothing ends: all of it is in the store, for whoever has the entry point. `entry-point-set.ts`
 * knows which there are, `stream-set.ts` makes the streams.
 */
import { StatewardError } from '../../errors.js'
import type { AddOutcome, RemoveOutcome } from '../../events/outcomes.js'
import type { IdSource } from '../../ids.js'
import type { Log } from '../../logger.js'
import type { ExecutionCounts } from '../../persistence/snapshot-store.js'
import type { WallClock } from '../../wall-clock.js'
import type { StreamDefinition } from '../stream/stream-definition.js'
import { Deadline } from './deadline.js'
import { checkDefinitions, type EntryPointSet } from './entry-point-set.js'
import type { Moves } from './moves.js'
import { beingRemoved } from './refusals.js'
import type { StreamSet } from './stream-set.js'
import type { SupervisorPhase } from './supervisor-phase.js'

/** The parts of the supervisor that changes use. */
export interface EntryPointChangesPort {
  readonly settings: {
    readonly entryPoints: EntryPointSet
    readonly clock: WallClock
    readonly ids: IdSource
    readonly logger: Log
    readonly shutdownTimeout: number
  }
  readonly streams: StreamSet
  readonly phase: SupervisorPhase
  readonly moves: Moves
  /** Resolves once the start that is under way has ended, in whatever way. */
  starting(): Promise<unknown>
  /** Resolves once it is certain that this process may accept executions; undefined: it is certain now. */
  certain(): Promise<void> | undefined
  counts(): Promise<ExecutionCounts>
  /** Streams were made, with what the store has of them. */
  added(ids: readonly string[], counts: ExecutionCounts): void
  /** Takes up what the store has of them, and what this process still owns of them. */
  takeUp(ids: readonly string[]): Promise<void>
  /** Gives back what this process owns of an entry point and has not in memory; `asOf`: see `given-back.ts`. */
  giveBackStored(id: string, asOf: string | null): Promise<void>
  removed(id: string): void
  /** The set has changed. */
  changed(): void
}

/** The place of one change in the order of the changes of its entry points. */
interface Turn {
  /** Resolves once the changes before it are over; undefined: there are none. */
  readonly before: Promise<unknown> | undefined
  readonly over: Promise<void>
  end(): void
  /** What it does, if it is a removal: others join it. */
  removal?: Removal
}

/** A removal that is under way, or that waits for its turn. */
interface Removal {
  readonly done: Promise<{ readonly ids: readonly string[]; readonly drained: boolean }>
  /** What runs is not waited for any longer. */
  hurry(): void
}

/** The changes of one runtime's entry points. */
export class EntryPointChanges {
  readonly #port: EntryPointChangesPort
  /** By entry point: the last of its changes that are not over. */
  readonly #last = new Map<string, Turn>()

  constructor(port: EntryPointChangesPort) {
    this.#port = port
  }

  /**
   * Adds entry points, all or none; resolves once they serve. Throws `invalid_definition`, `duplicate_entry_point`, `duplicate_route`,
   * `draining`, `already_stopped`, `store_failed`.
   */
  async add(definitions: readonly StreamDefinition[]): Promise<AddOutcome> {
    checkDefinitions('The list of', definitions)
    const { phase, changed } = this.#port
    const { entryPoints } = this.#port.settings
    const ids = definitions.map(({ id }) => id)
    phase.checkOpen()
    const turn = this.#enter(ids)
    try {
      if (turn.before) await turn.before
      while (phase.name === 'starting') await this.#port.starting()
      phase.checkOpen()
      const fresh = entryPoints.fresh(definitions)
      if (fresh.length === 0) return { status: 'already_added', entryPoints: ids }
      entryPoints.routes.claim(fresh)
      if (phase.name === 'idle') {
        entryPoints.insert(fresh)
        changed()
      } else await this.#start(fresh)
      return { status: 'added', entryPoints: ids }
    } finally {
      this.#leave(ids, turn)
    }
  }

  /**
   * Removes entry points; resolves once all that they have is in the store. What is queued or runs may take `drain` ms to come to its
   * end or to rest before. Joins a removal that is under way. Throws `already_stopped`, `store_failed`.
   */
  async remove(isMeant: (id: string) => boolean, drain: number): Promise<RemoveOutcome> {
    const { phase } = this.#port
    const { entryPoints, clock } = this.#port.settings
    if (phase.isOver) throw phase.refusal
    const meant = [...new Set([...entryPoints.all.map(({ id }) => id), ...this.#last.keys()])].filter(isMeant)
    const removals = new Set(meant.flatMap((id) => this.#last.get(id)?.removal ?? []))
    const own = meant.filter((id) => this.#last.get(id)?.removal === undefined)
    if (own.length > 0) removals.add(this.#begin(own))
    const hurry = () => removals.forEach((removal) => removal.hurry())
    const timer = drain > 0 && drain < Infinity ? clock.setTimeout(hurry, drain) : undefined
    if (drain === 0) hurry()
    try {
      const done = await Promise.all([...removals].map((removal) => removal.done))
      const ids = done.flatMap((each) => each.ids)
      if (ids.length === 0) return { status: 'not_found' }
      return { status: 'removed', entryPoints: ids, drained: done.every(({ drained }) => drained) }
    } finally {
      clock.clearTimeout(timer)
    }
  }

  /** Takes a turn after all changes of these entry points so far. */
  #enter(ids: readonly string[]): Turn {
    const before = [...new Set(ids.flatMap((id) => this.#last.get(id)?.over ?? []))]
    let end = () => undefined as void
    const over = new Promise<void>((resolve) => (end = resolve))
    const turn: Turn = { before: before.length === 0 ? undefined : Promise.all(before), over, end }
    for (const id of ids) this.#last.set(id, turn)
    return turn
  }

  #leave(ids: readonly string[], turn: Turn): void {
    for (const id of ids) if (this.#last.get(id) === turn) this.#last.delete(id)
    turn.end()
  }

  async #start(fresh: readonly StreamDefinition[]): Promise<void> {
    const { settings, streams, phase, certain, counts, added, takeUp, changed } = this.#port
    const { entryPoints } = settings
    const ids = fresh.map(({ id }) => id)
    let ready = () => undefined as void
    let fail: (error: unknown) => void = () => undefined
    const started = new Promise<void>((resolve, reject) => ([ready, fail] = [resolve, reject]))
    started.catch(() => undefined)
    let isMade = false
    try {
      await certain()
      const prepared = await Promise.all(fresh.map((definition) => streams.prepare(definition)))
      const counted = await counts()
      phase.checkAccepting()
      isMade = true
      entryPoints.insert(fresh)
      added(ids, counted)
      for (const each of prepared) streams.make(each, started)
      await takeUp(ids)
      if (phase.isOver) throw phase.refusal
    } catch (error) {
      fail(error)
      // a runtime that stops gives all back by itself
      if (!isMade) this.#unclaim(ids)
      else if (!phase.isOver) await this.#undo(ids)
      throw error
    }
    ready()
    changed()
  }

  /** Nothing is there but the claim on the routes, or what is left of a removal that could not be completed. */
  #unclaim(ids: readonly string[]): void {
    const { entryPoints } = this.#port.settings
    for (const id of ids) {
      if (entryPoints.get(id)) entryPoints.routes.leave(id)
      else entryPoints.routes.delete(id)
    }
  }

  async #undo(ids: readonly string[]): Promise<void> {
    const { entryPoints, logger } = this.#port.settings
    entryPoints.leave(ids)
    await this.#giveBack(ids).catch((error: unknown) =>
      logger.error('what was taken up of', ids.join(', '), 'could not be given back yet', error),
    )
  }

  #begin(ids: readonly string[]): Removal {
    const { moves, phase } = this.#port
    const turn = this.#enter(ids)
    let isHurried = false
    const hurry = () => {
      isHurried = true
      moves.happened()
    }
    const run = async () => {
      if (turn.before) await turn.before
      while (phase.name === 'starting') await this.#port.starting()
      if (phase.isOver) throw phase.refusal
      return this.#remove(
        ids.filter((id) => this.#port.settings.entryPoints.get(id)),
        () => isHurried,
      )
    }
    const done = run().finally(() => this.#leave(ids, turn))
    return (turn.removal = { done, hurry })
  }

  async #remove(ids: readonly string[], isHurried: () => boolean): Removal['done'] {
    const { settings, streams, moves, phase, changed } = this.#port
    const { entryPoints } = settings
    if (ids.length === 0) return { ids, drained: true }
    if (phase.name === 'idle') {
      entryPoints.delete(ids)
      changed()
      return { ids, drained: true }
    }
    entryPoints.leave(ids)
    changed()
    for (const id of ids) streams.get(id)?.ref.send({ type: 'stream.drain' })
    const isBusy = () => ids.some((id) => streams.get(id)?.isBusy === true)
    // in a later turn: whoever asks for it may hurry it first
    await Promise.resolve()
    await moves.until(
      () => !isBusy(),
      () => isHurried() || phase.isOver,
    )
    const drained = !isBusy()
    if (phase.isOver) throw phase.refusal
    await this.#giveBack(ids)
    return { ids, drained }
  }

  /** Gives all that they have back to the store, and ends their streams. If that fails, they serve nothing more, and it may be tried again. */
  async #giveBack(ids: readonly string[]): Promise<void> {
    const { settings, streams, phase, giveBackStored, removed, changed } = this.#port
    const { clock, shutdownTimeout, logger, entryPoints } = settings
    const until = new Deadline(clock, shutdownTimeout)
    const refusals = new Map(ids.map((id) => [id, beingRemoved(id)]))
    const late = (error: unknown) => logger('giving back what', ids.join(', '), 'has in memory failed', error)
    await until.bound(Promise.all(ids.map(async (id) => streams.get(id)?.giveBack(refusals.get(id))))).catch(late)
    // a runtime that stops meanwhile gives the rest back
    if (phase.isOver) throw phase.refusal
    // what a stream that has failed, or was in doubt, leaves behind may have to be asked about (`onRecovery`)
    const guarded = new Set(ids.filter((id) => streams.get(id)?.isGuarded !== false))
    for (const id of ids) streams.drop(id, refusals.get(id))
    const nobody = settings.ids.key()
    try {
      await until.bound(Promise.all(ids.map((id) => giveBackStored(id, guarded.has(id) ? nobody : null))))
    } catch (error) {
      throw new StatewardError('store_failed', `What ${ids.join(', ')} still has could not be given back; remove it again.`, {
        details: { entryPoints: ids },
        cause: error,
      })
    }
    entryPoints.delete(ids)
    for (const id of ids) removed(id)
    changed()
  }
}
