/**
 * The children of an execution: the executions that its steps start.
 *
 * Owns: a step's child is started once, and its outcome ends the step; a child whose step stops is cancelled or
 * paused with its parent, also if it was accepted only after that; a child that outlives its parent goes on, also if it was
 * paused with the parent.
 * Talks to: the router, which carries commands to the owner of the child.
 */
import { isStatewardError, StatewardError } from '../../errors.js'
import type { Intervention, PauseMode } from '../../events/execution-events.js'
import { isTerminal, liveStatuses, stageOf, type ExecutionStatus } from '../../events/execution-status.js'
import type { Command, CommandOutcome, ExecutionOutcome, ResultOutcome } from '../../events/outcomes.js'
import { childId, groupOf } from '../../ids.js'
import { encode } from '../../codec/snapshot-codec.js'
import type { StoredExecution } from '../../persistence/snapshot-store.js'
import type { ChildLink, ChildPort, ChildRequest, WhenLeft } from '../program/child-port.js'
import { splitState } from '../execution/stored-state.js'
import { storedOutcome } from '../execution/execution-record.js'
import { pagesOf } from '../../persistence/stored-executions.js'
import type { Admitted } from '../stream/accepted-before.js'
import type { AdmissionRequest } from '../stream/admission.js'
import { refuseChild } from '../gathering/gathering-request.js'
import type { StreamHost } from '../stream/stream-host.js'
import { beingRemoved } from '../supervisor/refusals.js'
import type { SupervisorHost } from '../supervisor/supervisor-host.js'
import { unreachedError, type Unreached } from './unreached.js'

/** How long a child that was cancelled with its parent, or with the whole runtime, waits for the parent's own cancel, in ms. */
const HELD_BACK = 30_000

/** The parts of the router that children use. */
export interface ChildRouter {
  command(id: string, command: Command): Promise<CommandOutcome>
  inOrder(id: string, command: Command, own: () => Promise<CommandOutcome>): Promise<CommandOutcome>
  isBeingPaused(id: string): boolean
  result(id: string, options: { readonly signal: AbortSignal }): Promise<ResultOutcome>
}

/** The link of a stored child to its parent; undefined if no step started it, or an older version did. */
export function childLink({ id, state }: StoredExecution): ChildLink | undefined {
  return splitState(state, id).lifecycle.context.child
}

function isPausedFromAbove({ id, state }: StoredExecution): boolean {
  return splitState(state, id).lifecycle.context.pause?.scope === 'parent'
}

/** True for a child that goes on without its parent, and is paused because the parent was paused. */
export function isLeftPaused({ id, state, status }: StoredExecution): boolean {
  if (status !== 'paused' && status !== 'pausing') return false
  const { child, pause } = splitState(state, id).lifecycle.context
  return child?.whenLeft === 'leave' && pause?.scope === 'parent'
}

const isCancelledFromAbove = (outcome: ResultOutcome | undefined) => outcome?.status === 'cancelled' && outcome.scope === 'parent'

const withParent: readonly (string | undefined)[] = ['parent', 'group', 'runtime']

/** True if the parent gets, or has got, a cancel of its own; of a group: if it is in the same one. */
const isCancelledWithParent = (outcome: ResultOutcome) => outcome.status === 'cancelled' && withParent.includes(outcome.scope)

/** The idempotency key of the n-th child of a step. */
const childKey = ({ key }: ChildRequest, n: number) => (n === 1 ? key : `${key}/${n}`)

/** The children of one runtime. */
export class ChildExecutions implements ChildPort {
  readonly #supervisor: SupervisorHost
  readonly #router: ChildRouter

  constructor(supervisor: SupervisorHost, router: ChildRouter) {
    this.#supervisor = supervisor
    this.#router = router
  }

  async start(request: ChildRequest): Promise<unknown> {
    const { entryPoint, turn, signal } = request
    let { retryOf } = turn
    for (let n = turn.n; ; n++) {
      const { id, ended } = (await this.#forgotten(request, n)) ?? (await this.#accept(request, n, retryOf))
      retryOf = id
      // a crash interrupted its parent, which had to end or to go on
      if (isCancelledFromAbove(ended)) continue
      const outcome = ended ?? (await this.#outcome(id, request))
      if (outcome.status === 'completed') return outcome.output
      if (isCancelledWithParent(outcome) && this.#isMeantAsWell(request, outcome)) await this.#heldBack(signal)
      throw new StatewardError('execution_failed', `Execution ${id} of ${entryPoint} ended as ${outcome.status}.`, {
        details: { id, entryPoint, outcome },
      })
    }
  }

  async leave(parentId: string, key: string): Promise<void> {
    const isOf = ({ idempotencyKey }: StoredExecution) => idempotencyKey === key || idempotencyKey?.startsWith(`${key}/`) === true
    await this.#cancelAll(parentId, { at: this.#now, reason: 'left' }, isOf)
  }

  async end(parentId: string, by: Intervention): Promise<void> {
    await this.#cancelAll(parentId, by, (stored) => childLink(stored)?.whenLeft === 'cancel')
    await this.wakeLeft(parentId)
  }

  /** Resumes children that outlive their parent and were paused with it: nobody else will. */
  async wakeLeft(parentId: string): Promise<void> {
    await this.#toAll(parentId, ['paused', 'pausing'], isLeftPaused, (stored) => this.wake(stored))
  }

  /** Resumes one of them; by its inbox, which is durable, if another process owns it or will take it up. */
  async wake({ id, entryPoint, owner }: StoredExecution): Promise<void> {
    const { store } = this.#supervisor.settings
    const intervention: Intervention = { at: this.#now, reason: 'left', scope: 'parent' }
    const command: Command = { type: 'resume', intervention, retry: false }
    if (this.#supervisor.live(id) || (owner === null && this.#supervisor.runs(entryPoint))) {
      await this.#router.command(id, command)
      return
    }
    const payload = encode(command, { id, what: 'command' })
    await store.enqueue({ executionId: id, kind: 'command', payload, at: this.#now })
  }

  async rest(parentId: string, by: Intervention, mode: PauseMode): Promise<void> {
    const pause = ({ id }: StoredExecution) => this.#pause(id, by, mode)
    await this.#toAll(parentId, restless, () => true, pause)
  }

  inOrder(id: string, command: Command, own: () => Promise<CommandOutcome>): Promise<CommandOutcome> {
    return this.#router.inOrder(id, command, own)
  }

  /** Completes a cascade that a dead process left unfinished: for the children of an execution that goes on, or that has ended. */
  async adopted(stored: StoredExecution): Promise<void> {
    await this.#goesOn(stored.id)
    if (stored.parentId === null || isTerminal(stored.status) || childLink(stored)?.whenLeft !== 'cancel') return
    const parent = await this.#supervisor.settings.store.load(stored.parentId)
    if (parent && !isTerminal(parent.status)) return
    await this.#cancel(stored.id, { at: this.#now, reason: `parent_${parent?.status ?? 'expired'}` })
  }

  /** Resumes children that a pause of this execution has stopped, if the execution itself goes on: the pause, or the resume after it, never reached it. */
  async #goesOn(id: string): Promise<void> {
    const execution = this.#supervisor.live(id)
    if (!execution?.program.hasChildren) return
    // a command in its inbox is carried out first
    await execution.delivery.poll()
    if (stageOf(execution.nextStatus) !== 'going' || this.#router.isBeingPaused(id)) return
    await this.#toAll(id, ['paused', 'pausing'], isPausedFromAbove, (child) => this.wake(child))
  }

  /** The id of the n-th child of a step. It is known before the child exists, so that the store can also say whether there was one that is forgotten. */
  #idOf(request: ChildRequest, n: number): string {
    const { ids } = this.#supervisor.settings
    const child = { parentId: request.parentId, entryPoint: request.entryPoint, key: childKey(request, n) }
    return ids.child?.(child) ?? childId(child)
  }

  get #now(): number {
    return this.#supervisor.settings.clock.now()
  }

  /** The child that was started before, if it is no longer stored: only that it has ended is known. */
  async #forgotten(request: ChildRequest, n: number) {
    const { parentId, turn, signal, isAgain } = request
    const { store } = this.#supervisor.settings
    const known = n === turn.n && turn.known?.of === parentId ? turn.known.id : undefined
    // its parent may have died before it could note the child
    const id = known ?? (isAgain ? this.#idOf(request, n) : undefined)
    if (id === undefined || (await store.load(id))) return undefined
    if (known === undefined && (await store.absence(id)) === 'unknown') return undefined
    return { id, ended: await this.#router.result(id, { signal }) }
  }

  async #accept(
    request: ChildRequest,
    n: number,
    retryOf: string | undefined,
  ): Promise<{ id: string; ended: ExecutionOutcome | undefined }> {
    const { parentId, entryPoint, input, whenLeft, signal, accepted } = request
    signal.throwIfAborted()
    const { correlationId = parentId, ...options } = request.options?.() ?? {}
    const asked = {
      ...options,
      id: this.#idOf(request, n),
      input,
      idempotencyKey: childKey(request, n),
      parentId,
      correlationId,
      child: { whenLeft, ...(retryOf === undefined ? {} : { retryOf }) },
    }
    const admitted =
      (await this.#leftBehind(asked.id, request)) ??
      (await this.#supervisor.admissions.during(entryPoint, asked, (named) => this.#admit(request, named), false))
    accepted(n, admitted.id)
    if (signal.aborted) {
      await this.#stopped(admitted.id, whenLeft, signal.reason)
      throw signal.reason
    }
    const known = admitted.status === 'duplicate' ? await this.#supervisor.settings.store.load(admitted.id) : undefined
    return { id: admitted.id, ended: known && storedOutcome(known) }
  }

  /** A cancel of a group reaches a parent in the same group. */
  #isMeantAsWell({ parentId, entryPoint }: ChildRequest, outcome: ResultOutcome): boolean {
    if (outcome.status !== 'cancelled' || outcome.scope !== 'group') return true
    const parent = this.#streamOf(parentId)
    const group = groupOf(entryPoint)
    return group !== undefined && parent !== undefined && groupOf(parent.id) === group
  }

  #streamOf(id: string): StreamHost | undefined {
    return this.#supervisor.streams.all.find(({ executions }) => executions.has(id))
  }

  /** The child that was started before, of an entry point that is not here (any more): it goes on where that is. */
  async #leftBehind(id: string, { parentId, entryPoint }: ChildRequest): Promise<Admitted | undefined> {
    const { entryPoints, store } = this.#supervisor.settings
    if (entryPoints.serves(entryPoint)) return undefined
    const known = await store.load(id)
    return known?.parentId === parentId ? { status: 'duplicate', of: 'idempotency_key', id } : undefined
  }

  /** What is being removed takes the children of what is removed with it, and no others. */
  async #admit({ parentId, entryPoint }: ChildRequest, asked: AdmissionRequest): Promise<Admitted> {
    const { entryPoints } = this.#supervisor.settings
    const stream = this.#supervisor.streamFor(entryPoint)
    const parent = this.#streamOf(parentId)
    if (entryPoints.isLeaving(entryPoint) && !(parent && entryPoints.isLeaving(parent.id))) throw beingRemoved(entryPoint)
    refuseChild(stream.definition, parentId)
    return stream.admit(asked)
  }

  async #outcome(id: string, { signal, whenLeft }: ChildRequest): Promise<ResultOutcome> {
    try {
      return await this.#router.result(id, { signal })
    } catch (error) {
      if (signal.aborted) await this.#stopped(id, whenLeft, signal.reason)
      throw error
    }
  }

  /** Passes a stop of the step on to its child. The child of a step that was left is cancelled by `leave` and `end`, once the leaving is durable. */
  async #stopped(id: string, whenLeft: WhenLeft, reason: unknown): Promise<void> {
    if (!isStatewardError(reason)) return
    const { code, details } = reason
    const at = this.#now
    const by: Intervention = { at, reason: code, ...(details as Partial<Intervention>) }
    try {
      if (code === 'paused') await this.#pause(id, by, details['mode'] === 'now' ? 'now' : 'boundary')
      else if (['cancelled', 'timed_out', 'step_timeout'].includes(code) && whenLeft === 'cancel') await this.#cancel(id, by)
    } catch (error) {
      // the step is over already: only the logger can report it
      this.#supervisor.settings.logger('execution', id, 'could not be stopped with its parent', error)
    }
  }

  async #pause(id: string, { at, reason, actor }: Intervention, mode: 'now' | 'boundary'): Promise<void> {
    await this.#router.command(id, { type: 'pause', mode, intervention: fromAbove({ at, reason, actor }) })
  }

  async #cancel(id: string, { at, reason, actor }: Intervention): Promise<void> {
    await this.#router.command(id, { type: 'cancel', intervention: fromAbove({ at, reason, actor }) })
  }

  /** Repeats until no child lives. */
  async #cancelAll(parentId: string, by: Intervention, isMeant: (stored: StoredExecution) => boolean): Promise<void> {
    let living: number
    do living = await this.#toAll(parentId, liveStatuses, isMeant, ({ id }) => this.#cancel(id, by))
    while (living > 0)
  }

  /** Calls `act` for all matching children at the same time; resolves with how many there were. A child that fails, or can't be read, does not affect the others. */
  async #toAll(
    parentId: string,
    status: readonly ExecutionStatus[],
    isMeant: (stored: StoredExecution) => boolean,
    act: (stored: StoredExecution) => Promise<void>,
  ): Promise<number> {
    const acts: Promise<void>[] = []
    const unreached: Unreached[] = []
    let count = 0
    for await (const page of pagesOf(this.#supervisor.settings.store, { parentId, status }))
      for (const stored of page) {
        const { id } = stored
        try {
          if (!isMeant(stored)) continue
        } catch (error) {
          unreached.push({ of: { id }, error })
          continue
        }
        count++
        // ids and statuses are kept, input and state are not
        const slim = { ...stored, input: '', state: '', output: null }
        acts.push(act(slim).catch((error: unknown) => void unreached.push({ of: { id }, error })))
      }
    await Promise.all(acts)
    const error = unreachedError(`A command to what execution ${parentId} has started`, unreached)
    if (error) throw error
    return count
  }

  /** A child that was cancelled with its parent ends the step only after the parent's own cancel has had its time. */
  #heldBack(signal: AbortSignal): Promise<void> {
    const { clock } = this.#supervisor.settings
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = clock.setTimeout(resolve, HELD_BACK)
      const stop = () => (clock.clearTimeout(timer), resolve())
      signal.addEventListener('abort', stop, { once: true })
    })
  }
}

/** Those that a pause still has something to do with. */
const restless = liveStatuses.filter((status) => status !== 'paused' && status !== 'cancelling')

const fromAbove = ({
  at,
  reason,
  actor,
}: {
  at: number
  reason: string | undefined
  actor: string | undefined
}): Intervention => ({
  at,
  ...(reason === undefined ? {} : { reason }),
  ...(actor === undefined ? {} : { actor }),
  scope: 'parent',
})
