/**
 * XState's insides, and the only file that touches them.
 *
 * Owns: the actor system in which one program runs, apart from the runtime's own, so that `systemId`s, timers and
 * errors of one execution never meet another's. Tells its host of every change, and hands it every output (the start
 * of a step, a custom action, an emitted event, a log line) instead of running it.
 * Does not know: commits, stores, executions. `test/actors/program-system.test.ts` fails when a new XState moves
 * one of the members used here: `_actorScope`, `_parent`, `_relay`, `_send`, `_snapshot`, `_stop`, `_error`.
 */
import {
  createActor,
  type AnyActorLogic,
  type AnyActorRef,
  type AnyEventObject,
  type InspectionEvent,
  type Observer,
} from 'xstate'
import { boundedMachine } from './bounded-machine.js'
import { isPromiseLogic, isProgramMachine, type ProgramMachine } from './program-logic.js'
import type { ProgramOutput, ProgramTimer, StepOutput } from './program-output.js'

/** What a program system tells its host. */
export interface ProgramSystemHost {
  /** Some actor's snapshot changed, or something that is persisted beside it. */
  changed(): void
  output(output: ProgramOutput): void
  /** The promise behind a step has come to its end, whether or not anybody still wants its result. */
  stepGone(step: StepOutput): void
  /** A step's actor is no longer active: it ended, failed or was left. */
  stepLeft(step: StepOutput): void
  schedule(timer: Omit<ProgramTimer, 'id'> & { id: string | undefined }): void
  cancel(source: string, id: string): void
  cancelAll(source: string): void
  settled(outcome: { status: 'done'; output: unknown } | { status: 'error'; error: unknown }): void
}

interface ActorScope {
  actionExecutor(action: {
    type: string
    info: { event: AnyEventObject; context: unknown }
    params: unknown
    exec?: (info: unknown, params: unknown) => void
  }): void
  emit(event: AnyEventObject): void
  logger(...args: unknown[]): void
  readonly self: InnerActor
  readonly system: unknown
}

const pathKey = Symbol('stateward.path')
const pathOf = (ref: InnerActor) => ref[pathKey] ?? ''

/** The members of XState's `Actor` that its types hide. */
interface InnerActor {
  readonly id: string
  readonly sessionId: string
  logic: AnyActorLogic
  readonly options: { readonly snapshot?: unknown }
  readonly src: unknown
  readonly _parent?: InnerActor
  /** Where it stands in its program; Stateward's own. */
  [pathKey]?: string
  readonly _actorScope: ActorScope
  _snapshot: { status: string; input?: unknown; children?: Record<string, InnerActor> }
  start(): void
  send(event: AnyEventObject): void
  getSnapshot(): { status: string; error?: unknown; output?: unknown }
  getPersistedSnapshot(options?: object): unknown
  _send(event: AnyEventObject): void
  _stop(): void
  _error(error: unknown): void
}

interface SystemEvent {
  readonly type: string
  readonly actorRef: InnerActor
}

/** What XState calls on a system, its hidden members included. */
interface InnerSystem {
  _sendInspectionEvent(event: object): void
}

/** The program's side of the wall between it and the runtime. */
export interface ProgramSystem {
  readonly root: AnyActorRef
  start(): void
  send(event: AnyEventObject): void
  /** Delivers a timer's event, if both ends are still there. */
  fire(timer: ProgramTimer): void
  persisted(): unknown
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
const childPath = (parent: string, id: string) => (parent === '' ? encodeURIComponent(id) : `${parent}/${encodeURIComponent(id)}`)

let session = 0

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
  },
  host: ProgramSystemHost,
): ProgramSystem {
  let muted = false
  const keyed = new Map<string, InnerActor>()
  const keyOf = new Map<InnerActor, string>()
  const inspector = options.owner?.system as unknown as InnerSystem | undefined
  const observers = new Set<Observer<InspectionEvent>>()

  const system = {
    _snapshot: { _scheduledEvents: {} },
    _bookId: () => `p:${session++}`,
    _register: (sessionId: string) => sessionId,
    _unregister(ref: InnerActor) {
      const key = keyOf.get(ref)
      if (key === undefined) return
      keyOf.delete(ref)
      keyed.delete(key)
    },
    _set(systemId: string, ref: InnerActor) {
      const existing = keyed.get(systemId)
      if (existing && existing !== ref) throw new Error(`Actor with system ID '${systemId}' already exists.`)
      keyed.set(systemId, ref)
      keyOf.set(ref, systemId)
    },
    get: (systemId: string) => keyed.get(systemId),
    getAll: () => Object.fromEntries(keyed),
    inspect(observer: Inspect) {
      const guarded = guardedObserver(observer, options.logger)
      observers.add(guarded)
      return { unsubscribe: () => observers.delete(guarded) }
    },
    _sendInspectionEvent(event: SystemEvent) {
      if (event.type === '@xstate.actor') adopt(event.actorRef)
      else if (event.type === '@xstate.snapshot' && !muted) host.changed()
      inspector?._sendInspectionEvent(event)
      for (const observer of observers) observer.next?.({ ...event, rootId: root.sessionId } as unknown as InspectionEvent)
    },
    _relay(source: InnerActor | undefined, target: InnerActor, event: AnyEventObject) {
      if (muted) return
      if (target === above) return heard(source, event)
      system._sendInspectionEvent({ type: '@xstate.event', sourceRef: source, actorRef: target, event } as never)
      target._send(event)
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
    _clock: { setTimeout, clearTimeout },
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
    const scope = ref._actorScope
    const { emit } = scope
    scope.emit = (event) => host.output({ kind: 'emit', path, value: event, run: () => emit(event) })
    scope.logger = (...args) => host.output({ kind: 'log', path, value: args, run: () => options.logger(...args) })
    if (isProgramMachine(ref.logic)) {
      holdActions(ref, path, scope, ref.logic)
      ref.logic = boundedMachine(ref.logic, options.maxIterations)
    } else if (ref.logic.start) holdStart(ref, path)
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

  function holdStart(ref: InnerActor, path: string) {
    const inner = ref.logic as AnyActorLogic & { config?: (args: object) => unknown }
    const isPromise = isPromiseLogic(inner)
    const buffered: AnyEventObject[] = []
    let begun = false
    let controller: AbortController | undefined
    const isActive = () => !muted && ref.getSnapshot().status === 'active'

    const begin = (extras?: object) => {
      if (!isActive()) return
      begun = true
      attempt(
        ref,
        () => {
          if (isPromise) beginPromise(extras)
          else inner.start?.(ref._snapshot as never, ref._actorScope as never)
        },
        step,
      )
      for (const event of buffered.splice(0)) if (isActive()) ref._send(event)
    }
    const beginPromise = (extras?: object) => {
      controller = new AbortController()
      const { self, emit } = ref._actorScope
      const answer = (type: string) => (data: unknown) => {
        if (isActive()) system._relay(ref, ref, { type, data })
        // after its result, so that whoever waits for the last step finds it taken in
        host.stepGone(step)
      }
      const given = { ...extras, input: ref._snapshot.input, system, self, signal: controller.signal, emit }
      Promise.resolve(inner.config?.(given)).then(answer('xstate.promise.resolve'), answer('xstate.promise.reject'))
    }
    const step: StepOutput = {
      kind: 'step',
      path,
      restored: ref.options.snapshot !== undefined,
      ends: isPromise,
      logic: inner,
      isActive,
      run: begin,
      fail: (error) =>
        attempt(
          ref,
          () => {
            throw error
          },
          step,
        ),
    }
    ref.logic = {
      ...inner,
      start: (snapshot: { status: string }) => {
        if (snapshot.status === 'active') host.output(step)
      },
      transition: (snapshot: { status: string }, event: AnyEventObject, scope: never) => {
        const next = move(snapshot, event, scope)
        if (next.status !== 'active') host.stepLeft(step)
        return next
      },
    } as unknown as AnyActorLogic

    function move(snapshot: { status: string }, event: AnyEventObject, scope: never): { status: string } {
      if (event.type === 'xstate.stop') {
        controller?.abort()
        if (!begun) return { ...snapshot, status: 'stopped' }
      } else if (!begun && !isPromise) {
        buffered.push(event)
        return snapshot
      }
      return inner.transition(snapshot as never, event as never, scope)
    }
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

  const find = (path: string): InnerActor | undefined =>
    path === upwards
      ? above
      : path === ''
        ? root
        : path.split('/').reduce<InnerActor | undefined>((ref, id) => ref?._snapshot.children?.[decodeURIComponent(id)], root)

  const root: InnerActor = createActor(logic, {
    id: options.id,
    parent: above as unknown as AnyActorRef,
    input: options.input,
    ...(options.snapshot === undefined ? {} : { snapshot: options.snapshot as never }),
  } as never) as unknown as InnerActor

  return {
    root: root as unknown as AnyActorRef,
    start: () => root.start(),
    send: (event) => system._relay(undefined, root, event),
    fire(timer) {
      const [source, target] = [find(timer.source), find(timer.target)]
      if (source && target) system._relay(source, target, timer.event)
    },
    persisted: () => root.getPersistedSnapshot({ __unsafeAllowInlineActors: true }),
    find: (path) => find(path) as AnyActorRef | undefined,
    stop() {
      muted = true
      root._stop()
    },
    mute: () => void (muted = true),
  }
}

/** What XState takes for an inspector. */
type Inspect = Observer<InspectionEvent> | ((event: InspectionEvent) => void)

/** The same observer, whose errors are logged: they are never those of whom it watches. */
export function guardedObserver(observer: Inspect, logger: (...args: unknown[]) => void): Observer<InspectionEvent> {
  const next = typeof observer === 'function' ? observer : (event: InspectionEvent) => observer.next?.(event)
  return {
    next(event) {
      try {
        next(event)
      } catch (error) {
        logger('an inspector has failed', error)
      }
    },
  }
}

/** A parent whose children are inspected like its own, by observers whose errors are logged and never the children's. */
export function guardedParent(parent: AnyActorRef, logger: (...args: unknown[]) => void): AnyActorRef {
  const { system } = parent as unknown as { system: InnerSystem }
  const { next } = guardedObserver((event) => system._sendInspectionEvent(event), logger) as { next(event: object): void }
  const guarded = Object.create(system, {
    _sendInspectionEvent: { value: next },
    _relay: {
      value(sourceRef: InnerActor | undefined, target: InnerActor & { ref?: InnerActor }, event: AnyEventObject) {
        next({ type: '@xstate.event', sourceRef, actorRef: target.ref ?? target, event })
        target._send(event)
      },
    },
  }) as InnerSystem
  const above = parent as unknown as InnerActor
  const send = (event: AnyEventObject) => above.getSnapshot().status === 'active' && above._send(event)
  return Object.create(parent, { system: { value: guarded }, _send: { value: send }, ref: { value: parent } }) as AnyActorRef
}

/** Stops an actor that has a parent: what is done with it is no longer its own. */
export function stopActor(ref: AnyActorRef): void {
  ;(ref as unknown as InnerActor)._stop()
}

const deafParents = new WeakMap<object, AnyActorRef>()

/** A parent under which an inspector shows a child, and which the child's end is not sent to. */
export function deafParent(parent: AnyActorRef): AnyActorRef {
  let deaf = deafParents.get(parent)
  if (!deaf) {
    const ignored = { value: () => undefined }
    deafParents.set(parent, (deaf = Object.create(parent, { _send: ignored, ref: { value: parent } }) as AnyActorRef))
  }
  return deaf
}
