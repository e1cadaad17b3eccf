/**
 * Takes triggers into executions that gather.
 *
 * Owns: that each trigger goes into one execution, once, over all processes on the store. The triggers of one key form a line in this
 * process: those that come while one commit is under way go into the next one together, in their order. Between processes the store
 * decides: of two commits for one execution, or of two first ones under one key, one is written, and the other looks again.
 * Nothing of an execution that gathers is in memory: it is claimed like any other that is to start later. Serves runtimes and clients.
 */
import type { IdSource } from '../../ids.js'
import type { Commit, CommitVerdict, SnapshotStore, StoredExecution } from '../../persistence/snapshot-store.js'
import type { WallClock } from '../../wall-clock.js'
import { acceptedBefore, isOfInput, otherInput, refuseOtherInput, type Admitted } from '../stream/accepted-before.js'
import type { AdmissionRequest } from '../stream/admission.js'
import type { StreamDefinition } from '../stream/stream-definition.js'
import { gatheringAccepted, gatheringClosed, gatheringJoined, roomFor, type GatheredTriggers } from './gathering-commits.js'
import { gatheredTrigger, type GatheredTrigger } from './gathering-request.js'

/** The parts of the runtime that are used, and what it is told. */
export interface GatheringPort {
  readonly store: SnapshotStore
  readonly clock: WallClock
  readonly ids: IdSource
  write(commit: Commit): Promise<CommitVerdict>
  /** The commit is durable; `before`: what it was made of, if that was stored. */
  written(before: StoredExecution | undefined, commit: Commit, entryPoint: string): void
}

interface Waiting {
  readonly trigger: GatheredTrigger
  answer(admitted: Admitted): void
  fail(error: unknown): void
}

/** At most so many triggers go into one commit. */
const AT_ONCE = 500

/** The gatherings of one supervisor. */
export class Gatherings {
  readonly #port: GatheringPort
  /** The triggers under way, by entry point and key; a line that is there is being worked on. */
  readonly #lines = new Map<string, Waiting[]>()

  constructor(port: GatheringPort) {
    this.#port = port
  }

  /** Takes a trigger in; resolves once that is durable. Undefined: the entry point does not gather. Throws `invalid_option`, `invalid_key`, `not_storable`, `idempotency_conflict`, `store_failed`. */
  admit(definition: StreamDefinition, request: AdmissionRequest): Promise<Admitted> | undefined {
    const { ids, clock } = this.#port
    const trigger = gatheredTrigger(definition, request, ids, clock.now())
    if (!trigger) return undefined
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { trigger, answer: resolve, fail: reject }
      const line = `${definition.id} ${trigger.key}`
      const known = this.#lines.get(line)
      if (known) return void known.push(waiting)
      const queue = [waiting]
      this.#lines.set(line, queue)
      void this.#work(definition, queue, line)
    })
  }

  /** Until none is left; never rejects. */
  async #work(definition: StreamDefinition, queue: Waiting[], line: string): Promise<void> {
    while (queue.length > 0) {
      const group = takeDistinct(queue)
      try {
        // what found no room goes first the next time
        queue.unshift(...(await this.#round(definition, group)))
      } catch (error) {
        for (const { fail } of group) fail(error)
      }
    }
    // in the turn that found the line empty: what comes later begins a new one
    this.#lines.delete(line)
  }

  /** One commit, tried until the store has decided; resolves with those that are to be tried again. */
  async #round(definition: StreamDefinition, group: readonly Waiting[]): Promise<readonly Waiting[]> {
    const { store, clock } = this.#port
    const { key } = (group[0] as Waiting).trigger
    const { executions } = await store.query({ entryPoint: definition.id, gathers: key, limit: 1 })
    // a store may not know this filter
    const stored = executions.find(({ gathers }) => gathers === key)
    const room = roomFor(definition, triggersOf(group), stored)
    if (room === 0) return this.#closed(definition, stored, group)
    const taken = group.slice(0, room)
    const rest = group.slice(room)
    const triggers = triggersOf(taken)
    clock.glance()
    const now = clock.now()
    if (!stored) triggers[0].request.named?.(triggers[0].ref)
    const commit = stored
      ? gatheringJoined(definition, triggers, stored, clock, now)
      : gatheringAccepted(definition, triggers, clock, now)
    const verdict = await this.#port.write(commit)
    if (verdict.status === 'committed') {
      this.#port.written(stored, commit, definition.id)
      for (const { trigger, answer } of taken) answer(admittedTo(commit.id, trigger))
      return rest
    }
    if (verdict.status !== 'duplicate' || verdict.of === 'gathers') return group
    return [...(await this.#undecided(definition, taken, verdict)), ...rest]
  }

  /** Some have joined before, or their keys are taken: those get their answers; resolves with the others. */
  async #undecided(
    definition: StreamDefinition,
    taken: readonly Waiting[],
    verdict: CommitVerdict & { readonly status: 'duplicate' },
  ): Promise<readonly Waiting[]> {
    const left: Waiting[] = []
    for (const waiting of taken) {
      try {
        const before = await this.#before(definition.id, waiting.trigger)
        if (before) waiting.answer(before)
        else left.push(waiting)
      } catch (error) {
        waiting.fail(error)
      }
    }
    const [first] = left
    // the id that was given for a new execution is another one's
    if (verdict.of !== 'id' || first?.trigger.ref !== verdict.id) return left
    first.answer({ status: 'duplicate', of: 'id', id: verdict.id })
    return left.slice(1)
  }

  /** The execution that has taken the trigger in before, or has its key or its id. Throws `idempotency_conflict`. */
  async #before(entryPoint: string, { ref, digest, request }: GatheredTrigger): Promise<Admitted | undefined> {
    const { store } = this.#port
    const { idempotencyKey } = request
    const own = await store.joined(entryPoint, { ref })
    // written without being acknowledged
    if (own?.digest === digest) return admittedTo(own.id, { ref })
    if (idempotencyKey !== undefined) {
      const joined = await store.joined(entryPoint, { idempotencyKey })
      if (joined && !isOfInput(joined, digest)) throw otherInput({ id: joined.id, entryPoint }, idempotencyKey)
      if (joined) return { status: 'duplicate', of: 'idempotency_key', id: joined.id }
      // from before its entry point gathered
      const accepted = await acceptedBefore(store, entryPoint, { idempotencyKey })
      if (accepted) await refuseOtherInput(store, accepted, request)
      if (accepted) return accepted
    }
    // another trigger was given the same id
    return own && { status: 'duplicate', of: 'id', id: own.id }
  }

  /** Its entry point has less room than it had when the execution was stored: that one takes no more in. */
  async #closed(
    definition: StreamDefinition,
    stored: StoredExecution | undefined,
    group: readonly Waiting[],
  ): Promise<readonly Waiting[]> {
    if (!stored) return group
    const { clock } = this.#port
    const commit = gatheringClosed(definition, stored, clock, clock.now())
    const verdict = await this.#port.write(commit)
    if (verdict.status === 'committed') this.#port.written(stored, commit, definition.id)
    return group
  }
}

/** Takes triggers out of a line, in their order: those up to the first that comes under a key, or by a name, which is already among them. */
function takeDistinct(queue: Waiting[]): Waiting[] {
  const names = new Set<string>()
  let end = 0
  for (const { trigger } of queue.slice(0, AT_ONCE)) {
    const key = trigger.request.idempotencyKey
    const own = [`ref ${trigger.ref}`, ...(key === undefined ? [] : [`key ${key}`])]
    if (own.some((name) => names.has(name))) break
    for (const name of own) names.add(name)
    end++
  }
  return queue.splice(0, end)
}

const triggersOf = (group: readonly Waiting[]) => group.map(({ trigger }) => trigger) as unknown as GatheredTriggers

/** The trigger whose name the execution has for its id has made it. */
const admittedTo = (id: string, { ref }: Pick<GatheredTrigger, 'ref'>): Admitted => ({
  status: id === ref ? 'accepted' : 'joined',
  id,
})
