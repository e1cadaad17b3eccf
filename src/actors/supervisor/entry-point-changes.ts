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

/** A change of an entry point that is under way. */
interface Change {
  readonly kind: 'add' | 'remove'
  /** Resolves when it is over, in whatever way. */
  readonly over: Promise<unknown>
}

/** A removal that is under way. */
interface Removal extends Change {
  readonly kind: 'remove'
  /** With whether nothing ran any more when it was given back. */
  readonly drained: Promise<boolean>
  /** What runs is not waited for any longer. */
  hurry(): void
}

/** The changes of one runtime's entry points. */
export class EntryPointChanges {
  readonly #port: EntryPointChangesPort
  readonly #changes = new Map<string, Change | Removal>()

  constructor(port: EntryPointChangesPort) {
    this.#port = port
  }

  /**
   * Adds entry points, all or none; resolves once they serve. Throws `invalid_definition`, `duplicate_entry_point`, `duplicate_route`,
   * `draining`, `already_stopped`, `store_failed`.
   */
  async add(definitions: readonly StreamDefinition[]): Promise<AddOutcome> {
    checkDefinitions('The list of', definitions)
    const { phase } = this.#port
    const { entryPoints } = this.#port.settings
    const ids = definitions.map(({ id }) => id)
    for (;;) {
      phase.checkOpen()
      const before = this.#before(ids)
      if (!before) break
      await before
    }
    const fresh = entryPoints.fresh(definitions)
    if (fresh.length === 0) return { status: 'already_added', entryPoints: ids }
    entryPoints.routes.claim(fresh)
    if (phase.name === 'idle') {
      entryPoints.insert(fresh)
      this.#port.changed()
    } else {
      await this.#during('add', fresh, this.#start(fresh))
    }
    return { status: 'added', entryPoints: ids }
  }

  /**
   * Removes those entry points that `wanted` names then; resolves once all that they have is in the store. What is queued or runs may
   * take `drain` ms to come to its end or to rest before. Throws `already_stopped`, `store_failed`.
   */
  async remove(wanted: () => readonly string[], drain: number): Promise<RemoveOutcome> {
    const { phase, changed } = this.#port
    const { entryPoints } = this.#port.settings
    for (;;) {
      if (phase.isOver) throw phase.refusal
      const before = this.#before(wanted(), 'add')
      if (!before) break
      await before
    }
    const ids = wanted().filter((id) => entryPoints.get(id))
    if (ids.length === 0) return { status: 'not_found' }
    if (phase.name === 'idle') {
      entryPoints.delete(ids)
      changed()
      return { status: 'removed', entryPoints: ids, drained: true }
    }
    const underWay = new Set(ids.flatMap((id) => (this.#changes.get(id) as Removal | undefined) ?? []))
    const own = ids.filter((id) => !this.#changes.has(id))
    if (own.length > 0) underWay.add(this.#begin(own))
    const hurry = () => underWay.forEach((removal) => removal.hurry())
    const timer = drain > 0 && drain < Infinity ? this.#port.settings.clock.setTimeout(hurry, drain) : undefined
    if (drain === 0) hurry()
    try {
      const drained = await Promise.all([...underWay].map((removal) => removal.drained))
      return { status: 'removed', entryPoints: ids, drained: drained.every(Boolean) }
    } finally {
      this.#port.settings.clock.clearTimeout(timer)
    }
  }

  /** What must be over before: the start of the runtime, and changes (of that kind) of these entry points; undefined: nothing. */
  #before(ids: readonly string[], kind?: Change['kind']): Promise<unknown> | undefined {
    const changes = [...new Set(ids.map((id) => this.#changes.get(id)))]
    const before = changes.flatMap((change) => (change && (kind ?? change.kind) === change.kind ? [change.over] : []))
    if (this.#port.phase.name === 'starting') before.push(this.#port.starting())
    return before.length === 0 ? undefined : Promise.all(before)
  }

  /** Notes a change for as long as it takes. */
  async #during(kind: 'add', definitions: readonly StreamDefinition[], work: Promise<void>): Promise<void> {
    const change: Change = { kind, over: work.catch(() => undefined) }
    for (const { id } of definitions) this.#changes.set(id, change)
    try {
      await work
    } finally {
      this.#forget(change)
    }
  }

  #forget(change: Change): void {
    for (const [id, each] of this.#changes) if (each === change) this.#changes.delete(id)
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
    const { settings, streams, moves, phase } = this.#port
    let isHurried = false
    settings.entryPoints.leave(ids)
    this.#port.changed()
    const isBusy = (id: string) => streams.get(id)?.isBusy === true
    const run = async () => {
      for (const id of ids) streams.get(id)?.ref.send({ type: 'stream.drain' })
      await moves.until(
        () => !ids.some(isBusy),
        () => isHurried || phase.isOver,
      )
      const drained = !ids.some(isBusy)
      if (phase.isOver) throw phase.refusal
      await this.#giveBack(ids)
      return drained
    }
    // in a later turn: whoever asks for it may hurry it first
    const drained = Promise.resolve().then(run)
    const hurry = () => {
      isHurried = true
      moves.happened()
    }
    const removal: Removal = { kind: 'remove', over: drained.catch(() => undefined), drained, hurry }
    for (const id of ids) this.#changes.set(id, removal)
    void removal.over.then(() => this.#forget(removal))
    return removal
  }

  /** Gives all that they have back to the store, and ends their streams. If that fails, they serve nothing more, and it may be tried again. */
  async #giveBack(ids: readonly string[]): Promise<void> {
    const { settings, streams, phase, giveBackStored, removed, changed } = this.#port
    const { clock, shutdownTimeout, logger, entryPoints } = settings
    const until = new Deadline(clock, shutdownTimeout)
    const refusal = (id: string) => beingRemoved(id)
    const late = (error: unknown) => logger('giving back what', ids.join(', '), 'has in memory failed', error)
    await until.bound(Promise.all(ids.map(async (id) => streams.get(id)?.giveBack(refusal(id))))).catch(late)
    // a runtime that stops meanwhile gives the rest back
    if (phase.isOver) throw phase.refusal
    // what a stream that has failed, or was in doubt, leaves behind may have to be asked about (`onRecovery`)
    const guarded = new Set(ids.filter((id) => streams.get(id)?.isGuarded !== false))
    for (const id of ids) streams.drop(id, refusal(id))
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
