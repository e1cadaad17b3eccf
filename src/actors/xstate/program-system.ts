/**
 * The actor system in which one program runs, apart from the runtime's own.
 *
 * Owns: the isolation of the two, so that `systemId`s, timers and errors of one execution never meet another's. Tells its
 * host of every change, and hands it every output (the start of a step, a custom action, an emitted event, a log line)
 * instead of running it. Does not know: commits, stores, executions.
 * Longer than others because it is the one object that XState takes for a system: what XState calls on it stands together.
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
import type { StatewardError } from '../../errors.js'
import type { Interposition } from '../interposition.js'
import { isMachineSnapshot, isProgramMachine } from '../program-logic.js'
import { ActorRefs } from './actor-refs.js'
import { holdStep, type StepSurroundings } from './held-step.js'
import {
  hostedKey,
  isStopped,
  pathOf,
  type ActorScope,
  type InnerActor,
  type InnerSystem,
  type SystemEvent,
} from './hidden-members.js'
import { leftReason } from '../stop-reason.js'
import { failsLater, hasFailed, hosted, isRunning, leave, noteActor, stopBelow } from './hosted-actor.js'
import { guardedObserver, type Inspect } from './inspection.js'
import { countMicrostep, namedError } from './microstep-limit.js'
import { idOf, ProgramActors } from './program-actors.js'
import { Strays } from './strays.js'
import { SystemIds } from './system-ids.js'
import { Turns } from './turns.js'
import type { StrayRecord } from '../program-record.js'
import type { ActorNaming, NoticeOutput, ProgramActor, ProgramSystemHost } from '../program-output.js'
import { guardedListening } from './user-code.js'

/** The program's side of the wall between it and the runtime. */
export interface ProgramSystem extends ActorNaming {
  readonly root: AnyActorRef
  start(): void
  /** Sends the root an event; false if it is a machine that has no transition for it. */
  send(event: AnyEventObject): boolean
  /** Delivers a timer's event. */
  fire(timer: { readonly source: ProgramActor; readonly target: ProgramActor; readonly event: AnyEventObject }): void
  /** The number in the last id that was made up for a child; it goes into every commit. */
  readonly lastNumber: number
  persisted(): unknown
  /** What of the program is not in the snapshot of its root. */
  strays(): StrayRecord[]
  /** A decoded value with the actors that it names; by XState's form it names children of the actor at `address`. */
  found<T>(value: T, address?: string): T
  /** What stands for an actor that has ended: it takes no events. */
  ended(address: string): AnyActorRef
  /** Why an actor could not be restored, the root or any below it; XState leaves such a one as failed, and tells nobody. */
  unrestored(): string | undefined
  /** What is sent while `run` acts is delivered once it is over, as XState does it within a transition. */
  together(run: () => void): void
  /** Runs an action for the actor at a path, which fails if that throws; throws if there is none, or it has ended. */
  attempt(path: string, run: () => unknown): unknown
  /** True if the actor at a path, or one above it, has failed at an earlier output. */
  hasFailed(path: string): boolean
  /** True if an actor, or one above it, fails once the silenced program goes on. */
  failsLater(actor: ProgramActor): boolean
  /** Whoever is above the actor at a path does not know yet that it has ended. */
  owesEnd(path: string): void
  /** Tells whoever is above the actor at a path that it has ended, if it has and is still theirs. */
  tellEnd(path: string): void
  /** The actor at a path, the empty path being the root. */
  find(path: string): AnyActorRef | undefined
  /** Stops every actor: abort signals fire, subscriptions end. Nothing that they still say is heard. */
  stop(reason?: () => StatewardError): void
  /** From now on nothing of this program is heard, and nothing is told to it. */
  mute(): void
}

/** The path of what stands above the root. */
const upwards = '^'

const isDelivered = (event: AnyEventObject) =>
  event.type.startsWith('xstate.done.actor.') || event.type.startsWith('xstate.error.actor.')

/** Sessions are told apart in a whole process, where an inspector sees the actors of all programs; nothing durable is made of them. */
let session = 0

/** Makes the system and its root actor, not started. `owner` is the actor under which an inspector shows the root. */
export function createProgramSystem(
  logic: AnyActorLogic,
  options: {
    id: string
    owner: AnyActorRef | undefined
    input?: unknown
    snapshot?: unknown
    /** Of the program that `snapshot` is of. */
    lastNumber?: number | undefined
    strays?: readonly StrayRecord[] | undefined
    maxIterations: number
    logger: (...args: unknown[]) => void
    clock: Clock
    interposition?: Interposition | undefined
  },
  host: ProgramSystemHost,
): ProgramSystem {
  let muted = false
  /** Why it was stopped, for whoever asks: most programs end with nobody to tell. */
  let stopped: (() => StatewardError) | undefined
  /** The event that the root is sent from outside just now, and whether a machine has a transition for it. */
  let asked: { readonly event: AnyEventObject; isTaken: boolean | undefined } | undefined
  let stopsItself = false
  type Message = [source: InnerActor | undefined, target: InnerActor, event: AnyEventObject]
  const turns = new Turns<Message>(options.id, options.maxIterations * 10, (...message) => deliver(...message))
  const ids = new SystemIds()
  const { interposition } = options
  const listening = guardedListening((error) => host.failedAside('listener', error))
  const inspector = options.owner?.system as unknown as InnerSystem | undefined
  let observers: Set<Observer<InspectionEvent>> | undefined

  const system = {
    _snapshot: { _scheduledEvents: {} },
    _bookId: () => `p:${session++}`,
    _register: (sessionId: string) => sessionId,
    _unregister(ref: InnerActor) {
      leave(ref)
      actors.left(ref)
      ids.left(ref)
      if (stopsItself && ref === root && !muted) host.settled({ status: 'done', output: undefined })
    },
    _set: (systemId: string, ref: InnerActor) => ids.set(systemId, ref),
    get: (systemId: string) => ids.get(systemId),
    getAll: () => ids.all(),
    inspect(observer: Inspect) {
      const guarded = guardedObserver(observer, options.logger)
      const all = (observers ??= new Set())
      all.add(guarded)
      return { unsubscribe: () => all.delete(guarded) }
    },
    _sendInspectionEvent(event: SystemEvent) {
      if (event.type === '@xstate.actor') adopt(event.actorRef)
      else if (event.type === '@xstate.snapshot') {
        const notes = hosted(event.actorRef)
        if (notes) notes.microsteps = 0
        if (!muted) host.changed()
      } else if (asked && event.type === '@xstate.microstep' && event.event === asked.event && event.actorRef === root)
        asked.isTaken ??= (event._transitions?.length ?? 0) > 0 // the first microstep tells, what follows is `always`
      inspector?._sendInspectionEvent(event)
      interposition?.inspected(event as unknown as InspectionEvent)
      if (observers)
        for (const observer of observers) observer.next?.({ ...event, rootId: root.sessionId } as unknown as InspectionEvent)
      const notes = event.type === '@xstate.microstep' && hosted(event.actorRef)
      if (notes) countMicrostep(notes, event.snapshot as object, options.maxIterations)
    },
    _relay(source: InnerActor | undefined, target: InnerActor, event: AnyEventObject) {
      if (source && event === source._doneEvent) endsWell(source, () => deliver(source, target, event))
      else deliver(source, target, event)
    },
    scheduler: {
      schedule(source: InnerActor, target: InnerActor, event: AnyEventObject, delay: number, id?: string) {
        host.schedule({ source, target, id, event, delay })
      },
      cancel: (source: InnerActor, id: string) => host.cancel(source, id),
      cancelAll: (source: InnerActor) => muted || host.cancelAll(source),
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
  const actors = new ProgramActors(above, options.lastNumber ?? 0, options.snapshot)
  const refs = new ActorRefs(actors)

  function deliver(source: InnerActor | undefined, target: InnerActor, event: AnyEventObject) {
    if (muted) return
    if (target === above) return heard(source, event)
    if (turns.isLate(source, target, event)) return
    if (source && !actors.owns(target)) return outwards(source, target, event)
    system._sendInspectionEvent({ type: '@xstate.event', sourceRef: source, actorRef: target, event } as never)
    if (source && !turns.isOpen) host.stirred(pathOf(source))
    turns.take(() => target._send(event))
  }

  /** An actor outside hears nothing before it is durable. */
  function outwards(source: InnerActor, target: InnerActor, event: AnyEventObject) {
    const run = () => {
      system._sendInspectionEvent({ type: '@xstate.event', sourceRef: source, actorRef: target, event } as never)
      target._send(event)
    }
    const { context } = source._snapshot
    const who = { actor: source, path: pathOf(source), via: viaOf(source), isVoid: () => hasFailed(source) }
    host.output({ kind: 'action', ...who, name: undefined, params: undefined, event, context, run })
  }

  function heard(source: InnerActor | undefined, event: AnyEventObject) {
    if (source === root && isDelivered(event)) {
      const { status, error, output } = root.getSnapshot()
      host.settled(status === 'done' ? { status, output } : { status: 'error', error: error ?? event['error'] })
      return
    }
    host.output(notice(source ?? root, 'emit', event, () => undefined))
  }

  function notice(ref: InnerActor, kind: 'emit' | 'log', value: unknown, run: () => void): NoticeOutput {
    return { kind, actor: ref, path: pathOf(ref), value, waits: hasActionsAhead(ref), isVoid: () => hasFailed(ref), run }
  }

  const hasActionsAhead = (ref: InnerActor) => (hosted(ref)?.actionsAhead ?? 0) > 0

  /** An actor ends once its actions have run, since it has not come so far if one of them throws; the root, once all have. */
  function endsWell(ref: InnerActor, deliverEnd: () => void) {
    const run = () => {
      const notes = hosted(ref)
      if (notes) notes.isTold = true
      if (isTheirs(ref)) deliverEnd()
    }
    if (muted) return
    if (hasActionsAhead(ref) || (ref === root && host.owesActions()))
      host.ending({ kind: 'end', actor: ref, path: pathOf(ref), isVoid: () => hasFailed(ref), run })
    else run()
  }

  /** True unless whoever is above an actor has let it go meanwhile. */
  const isTheirs = (ref: InnerActor) => ref === root || actors.isWanted(ref)

  function adopt(ref: InnerActor) {
    const { path } = actors.adopt(ref)
    noteActor(ref)
    // XState lets no actor stop itself that has a parent, and the program's root has one here
    if (path === '') Object.assign(ref, { stop: () => ((stopsItself = true), ref._stop()) })
    Object.assign(ref, listening, { _error: endsInError })
    if (interposition)
      ref.logic = interposition.logic({ src: path === '' ? '' : String(ref.src), id: ref.id, path, logic: ref.logic })
    const scope = ref._actorScope
    const { emit } = scope
    scope.emit = (event) => host.output(notice(ref, 'emit', event, () => emit(event)))
    scope.logger = (...args) => host.output(notice(ref, 'log', args, () => options.logger(...args)))
    holdActions(ref, path, scope)
    if (ref.logic.start && !isProgramMachine(ref.logic)) holdStep(ref, path, surroundings)
  }

  /** Whatever logic it is that asks for a custom action: there is a machine in it. */
  function holdActions(ref: InnerActor, path: string, scope: ActorScope) {
    const execute = scope.actionExecutor
    scope.actionExecutor = (action) => {
      const { type, exec, params } = action
      if (!exec || type.startsWith('xstate.')) return execute(action)
      const held = (info: unknown) => {
        const notes = hosted(ref)
        /** Set while the host may run it within the transition, which then takes what it throws. */
        let asking: { error?: { readonly thrown: unknown } } | undefined = {}
        const run = () => {
          if (notes) notes.actionsAhead--
          try {
            return exec(info, params)
          } catch (thrown) {
            if (asking) asking.error = { thrown }
            else fail(ref, thrown)
            return undefined
          }
        }
        if (notes) notes.actionsAhead++
        host.output({
          kind: 'action',
          actor: ref,
          path,
          name: namedAction(ref, type) === exec ? type : undefined,
          via: viaOf(ref),
          params,
          event: action.info.event,
          context: action.info.context,
          isVoid: () => hasFailed(ref),
          run,
        })
        const { error } = asking
        asking = undefined
        if (error) throw error.thrown
      }
      execute({ ...action, exec: held })
    }
  }

  function namedAction(ref: InnerActor, name: string): unknown {
    const snapshot = ref._snapshot as object | undefined
    return snapshot && isMachineSnapshot(snapshot) ? snapshot.machine.implementations.actions[name] : undefined
  }

  const viaOf = (ref: InnerActor): string[] =>
    ref._parent === above ? [] : [...viaOf(ref._parent as InnerActor), String(ref.src)]

  const surroundings: StepSurroundings = {
    host,
    isMuted: () => muted,
    stopReason: (path) => stopped?.() ?? leftReason(options.id, path),
    fail,
    relay: (ref, event) => system._relay(ref, ref, event),
  }

  /** Fails an actor at something that was held back, as XState would have in its transition. Throws the error if it has ended and this was told. */
  function fail(ref: InnerActor, error: unknown) {
    const notes = hosted(ref)
    const { status } = ref.getSnapshot()
    const canFail = status === 'active' || (status === 'done' && !notes?.isTold && isTheirs(ref))
    const isLater = muted && canFail && host.failedMuted(ref, pathOf(ref), error)
    if (notes) notes[isLater ? 'failsLater' : 'hasFailed'] = true
    if (isLater) return
    if (muted || !canFail) throw error
    ref._snapshot = { ...ref._snapshot, status: 'error', output: undefined, error } as InnerActor['_snapshot']
    ref._error(error)
    host.changed()
  }

  /** However an actor comes to its error: nothing of it, and nothing below it, lives on. */
  function endsInError(this: InnerActor, thrown: unknown) {
    const error = namedError(thrown, this._snapshot as object)
    if (error !== thrown) this._snapshot = { ...this._snapshot, error } as InnerActor['_snapshot']
    this._stopProcedure()
    stopBelow(this, system._unregister)
    hosted(this)?.letGo?.()
    // it was stopped, and its cleanup has thrown: nobody may be there to hear it
    const { _parent: parent } = this
    if (muted || (parent && parent !== above && !isRunning(parent))) host.failedAside(pathOf(this), error)
    ;(Object.getPrototypeOf(this) as InnerActor)._error.call(this, error)
  }

  const find = (address: string) => (address === upwards ? above : actors.find(address))

  const root: InnerActor = createActor(logic, {
    id: options.id,
    parent: above as unknown as AnyActorRef,
    input: options.input,
    ...(options.snapshot === undefined ? {} : { snapshot: options.snapshot as never }),
  } as never) as unknown as InnerActor

  const strays = new Strays(actors, refs, options.strays)
  if (options.snapshot !== undefined) refs.restore(root)

  return {
    root: root as unknown as AnyActorRef,
    start: () =>
      turns.take(() => {
        root.start()
        strays.start()
      }),
    send(event) {
      const sent: typeof asked = (asked = { event, isTaken: undefined })
      try {
        system._relay(undefined, root, event)
      } finally {
        asked = undefined
      }
      // whoever fails by it, or keeps it for later, has taken it
      return sent.isTaken ?? true
    },
    fire({ source, target, event }) {
      if (!isStopped(target as InnerActor)) system._relay(source as InnerActor, target as InnerActor, event)
    },
    addressOf: (actor) => (actor === above ? upwards : actors.addressOf(actor as InnerActor)),
    owns: (actor) => actor === above || actors.owns(actor as InnerActor),
    get lastNumber() {
      return actors.lastNumber
    },
    get version() {
      return actors.version
    },
    unrestored: () => strays.unrestored ?? actors.unrestored(root),
    persisted() {
      const persisted = root.getPersistedSnapshot({ __unsafeAllowInlineActors: true })
      refs.name(root, persisted as object)
      return persisted
    },
    strays: () => strays.records(),
    named: refs.named,
    found: <T>(value: T, address = '') => refs.found(value, find(address)) as T,
    ended: (address) => refs.ended(idOf(address), address) as unknown as AnyActorRef,
    together: (run) => turns.together(run),
    attempt(path, run) {
      try {
        return run()
      } catch (error) {
        const ref = find(path)
        if (!ref) throw error
        return fail(ref, error)
      }
    },
    hasFailed: (path) => hasFailed(find(path)),
    failsLater: (actor) => failsLater(actor as InnerActor),
    owesEnd(path) {
      const notes = find(path)?.[hostedKey]
      if (notes) notes.isTold = false
    },
    tellEnd(path) {
      const ref = find(path)
      if (!ref?._parent || !isTheirs(ref)) return
      const { status, output } = ref.getSnapshot()
      if (status !== 'done') return
      const event = { type: `xstate.done.actor.${ref.id}`, output, actorId: ref.id }
      endsWell(ref, () => deliver(ref, ref._parent as InnerActor, event))
    },
    find: (path) => find(path) as AnyActorRef | undefined,
    stop(reason) {
      muted = true
      stopped ??= reason
      root._stop()
      stopBelow(root, system._unregister)
    },
    mute: () => void (muted = true),
  }
}
