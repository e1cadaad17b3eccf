/**
 * The actor system in which one program runs, apart from the runtime's own.
 *
 * Owns: the wall between the two, so that `systemId`s, timers and errors of one execution never meet another's. Tells its host of every change, and hands it every output (the start
 * of a step, a custom action, an emitted event, a log line) instead of running it.
 * Does not know: commits, stores, executions.
 */
import {
  createActor,
  type AnyActorLogic,
  type AnyActorRef,
  type AnyEventObject,
  type InspectionEvent,
  type Observer,
} from 'xstate'
import type { Clock } from '../../clock.js'
import { StatewardError } from '../../errors.js'
import { boundedMachine } from '../bounded-machine.js'
import type { Interposition } from '../interposition.js'
import { isProgramMachine, type ProgramMachine } from '../program-logic.js'
import { holdStep, type StepSurroundings } from './held-step.js'
import { pathKey, pathOf, type ActorScope, type InnerActor, type InnerSystem, type SystemEvent } from './hidden-members.js'
import { guardedObserver, type Inspect } from './inspection.js'
import type { ProgramSystemHost, ProgramTimer, StepOutput } from '../program-output.js'

/** The program's side of the wall between it and the runtime. */
export interface ProgramSystem {
  readonly root: AnyActorRef
  start(): void
  send(event: AnyEventObject): void
  /** Delivers a timer's event, if both ends are still there. */
  fire(timer: ProgramTimer): void
  persisted(): unknown
  /** Why an actor could not be restored, the root or any below it; XState leaves such a one as failed, and tells nobody. */
  unrestored(): string | undefined
  /** Runs something for the actor at a path, which fails if that throws. */
  attempt(path: string, run: () => void): void
  /** The actor at a path, the empty path being the root. */
  find(path: string): AnyActorRef | undefined
  /** Stops every actor: abort signals fire, subscriptions end. Nothing that they still say is heard. */
  stop(): void
  /** From now on nothing of this program is heard, and nothing is told to it. */
  mute(): void
}

/** The path of what stands above the root. */
const upwards = '^'

const isDelivered = (event: AnyEventObject) =>
  event.type.startsWith('xstate.done.actor.') || event.type.startsWith('xstate.error.actor.')

/** The path of a child: ids from the root down, each escaped, joined by `/`. */
const childPath = (parent: string, id: string) => (parent === '' ? escaped(id) : `${parent}/${escaped(id)}`)

/** An empty id would be no step of a path; no other id is escaped like it. */
const empty = '%'
const escaped = (id: string) => (id === '' ? empty : encodeURIComponent(id))
const unescaped = (step: string) => (step === empty ? '' : decodeURIComponent(step))

let session = 0

/** Actors by `systemId`; most programs have none. */
type KeyedActors = Map<string, InnerActor> | undefined

/** Makes the system and its root actor, not started. `owner` is the actor under which an inspector shows the root. */
export function createProgramSystem(
  logic: AnyActorLogic,
  options: {
    id: string
    owner: AnyActorRef | undefined
    input?: unknown
    snapshot?: unknown
    maxIterations: number
    logger: (...args: unknown[]) => void
    clock: Clock
    interposition?: Interposition | undefined
  },
  host: ProgramSystemHost,
): ProgramSystem {
  let muted = false
  let depth = 0
  /** Messages between the program's actors since something came from outside. */
  let relayed = 0
  const mostRelayed = options.maxIterations * 10
  // made when the first actor asks for a `systemId`
  let keyed: KeyedActors
  let keyOf: Map<InnerActor, string> | undefined
  const { interposition } = options
  const inspector = options.owner?.system as unknown as InnerSystem | undefined
  let observers: Set<Observer<InspectionEvent>> | undefined

  const system = {
    _snapshot: { _scheduledEvents: {} },
    _bookId: () => `p:${session++}`,
    _register: (sessionId: string) => sessionId,
    _unregister(ref: InnerActor) {
      const key = keyOf?.get(ref)
      if (key === undefined) return
      keyOf?.delete(ref)
      keyed?.delete(key)
    },
    _set(systemId: string, ref: InnerActor) {
      const existing = keyed?.get(systemId)
      if (existing && existing !== ref) throw new Error(`Actor with system ID '${systemId}' already exists.`)
      ;(keyed ??= new Map()).set(systemId, ref)
      ;(keyOf ??= new Map()).set(ref, systemId)
    },
    get: (systemId: string) => keyed?.get(systemId),
    getAll: () => Object.fromEntries(keyed ?? []),
    inspect(observer: Inspect) {
      const guarded = guardedObserver(observer, options.logger)
      const all = (observers ??= new Set())
      all.add(guarded)
      return { unsubscribe: () => all.delete(guarded) }
    },
    _sendInspectionEvent(event: SystemEvent) {
      if (event.type === '@xstate.actor') adopt(event.actorRef)
      else if (event.type === '@xstate.snapshot' && !muted) host.changed()
      inspector?._sendInspectionEvent(event)
      interposition?.inspected(event as unknown as InspectionEvent)
      if (observers)
        for (const observer of observers) observer.next?.({ ...event, rootId: root.sessionId } as unknown as InspectionEvent)
    },
    _relay(source: InnerActor | undefined, target: InnerActor, event: AnyEventObject) {
      if (muted) return
      if (target === above) return heard(source, event)
      if (++relayed > mostRelayed && depth > 0) throw endlessTalk(options.id, mostRelayed)
      system._sendInspectionEvent({ type: '@xstate.event', sourceRef: source, actorRef: target, event } as never)
      turn(() => target._send(event))
    },
    scheduler: {
      schedule(source: InnerActor, target: InnerActor, event: AnyEventObject, delay: number, id?: string) {
        host.schedule({ source: pathOf(source), target: target === above ? upwards : pathOf(target), id, event, delay })
      },
      cancel: (source: InnerActor, id: string) => host.cancel(pathOf(source), id),
      cancelAll: (source: InnerActor) => muted || host.cancelAll(pathOf(source)),
    },
    getSnapshot: () => ({ _scheduledEvents: {} }),
    start() {},
    _clock: options.clock,
    _logger: options.logger,
  }

  /** Stands where the root's parent would: the root's end and its messages upwards arrive here. */
  const above = {
    id: options.id,
    sessionId: options.owner?.sessionId,
    _parent: (options.owner as unknown as InnerActor | undefined)?._parent,
    system,
    _send: (event: AnyEventObject) => heard(undefined, event),
  } as unknown as InnerActor

  function heard(source: InnerActor | undefined, event: AnyEventObject) {
    if (source === root && isDelivered(event)) {
      const { status, error, output } = root.getSnapshot()
      host.settled(status === 'done' ? { status, output } : { status: 'error', error: error ?? event['error'] })
      return
    }
    host.output({ kind: 'emit', path: '', value: event, run: () => undefined })
  }

  function adopt(ref: InnerActor) {
    const path = ref._parent === above ? '' : childPath(pathOf(ref._parent as InnerActor), ref.id)
    ref[pathKey] = path
    if (interposition)
      ref.logic = interposition.logic({ src: path === '' ? '' : String(ref.src), id: ref.id, path, logic: ref.logic })
    const scope = ref._actorScope
    const { emit } = scope
    scope.emit = (event) => host.output({ kind: 'emit', path, value: event, run: () => emit(event) })
    scope.logger = (...args) => host.output({ kind: 'log', path, value: args, run: () => options.logger(...args) })
    if (isProgramMachine(ref.logic)) {
      holdActions(ref, path, scope, ref.logic)
      ref.logic = boundedMachine(ref.logic, options.maxIterations)
    } else if (ref.logic.start) holdStep(ref, path, surroundings)
  }

  function holdActions(ref: InnerActor, path: string, scope: ActorScope, machine: ProgramMachine) {
    const execute = scope.actionExecutor
    scope.actionExecutor = (action) => {
      const { type, exec, params } = action
      if (!exec || type.startsWith('xstate.')) return execute(action)
      const name = machine.implementations.actions[type] === exec ? type : undefined
      const held = (info: unknown) =>
        host.output({
          kind: 'action',
          path,
          name,
          via: viaOf(ref),
          params,
          event: action.info.event,
          context: action.info.context,
          run: () => attempt(ref, () => exec(info, params)),
        })
      execute({ ...action, exec: held })
    }
  }

  const viaOf = (ref: InnerActor): string[] =>
    ref._parent === above ? [] : [...viaOf(ref._parent as InnerActor), String(ref.src)]

  const surroundings: StepSurroundings = {
    host,
    isMuted: () => muted,
    attempt,
    relay: (ref, event) => system._relay(ref, ref, event),
  }

  /** Runs what XState would have run inside a transition, and fails the actor as XState would. */
  function attempt(ref: InnerActor, run: () => void, failed?: StepOutput) {
    try {
      run()
    } catch (error) {
      if (muted || ref.getSnapshot().status !== 'active') throw error
      ref._snapshot = { ...ref._snapshot, status: 'error', error } as InnerActor['_snapshot']
      ref._error(error)
      if (failed) host.stepLeft(failed)
      host.changed()
    }
  }

  /** What actors say to each other without a pause is one turn of the program. */
  function turn(run: () => void) {
    if (depth === 0) relayed = 0
    depth++
    try {
      run()
    } finally {
      depth--
    }
  }

  const find = (path: string): InnerActor | undefined =>
    path === upwards
      ? above
      : path === ''
        ? root
        : path.split('/').reduce<InnerActor | undefined>((ref, id) => ref?._snapshot.children?.[unescaped(id)], root)

  const root: InnerActor = createActor(logic, {
    id: options.id,
    parent: above as unknown as AnyActorRef,
    input: options.input,
    ...(options.snapshot === undefined ? {} : { snapshot: options.snapshot as never }),
  } as never) as unknown as InnerActor

  return {
    root: root as unknown as AnyActorRef,
    start: () => turn(() => root.start()),
    send: (event) => system._relay(undefined, root, event),
    fire(timer) {
      const [source, target] = [find(timer.source), find(timer.target)]
      if (source && target) system._relay(source, target, timer.event)
    },
    unrestored: () => unrestored(root),
    persisted: () => root.getPersistedSnapshot({ __unsafeAllowInlineActors: true }),
    attempt: (path, run) => attempt(find(path) ?? root, run),
    find: (path) => find(path) as AnyActorRef | undefined,
    stop() {
      muted = true
      root._stop()
    },
    mute: () => void (muted = true),
  }
}

function unrestored(ref: InnerActor): string | undefined {
  const { status, error } = ref.getSnapshot()
  const stored = ref.options.snapshot as { readonly status?: string } | undefined
  if (stored && status === 'error' && stored.status !== 'error')
    return `${pathOf(ref) || 'the program'} can not be restored: ${error instanceof Error ? error.message : String(error)}`
  for (const child of Object.values(ref._snapshot.children ?? {})) {
    const reason = unrestored(child)
    if (reason !== undefined) return reason
  }
  return undefined
}

function endlessTalk(id: string, most: number): StatewardError {
  return new StatewardError(
    'endless_loop',
    `The actors of execution ${id} sent each other more than ${most} events at a stretch and came to no rest.`,
    { details: { id, most } },
  )
}
