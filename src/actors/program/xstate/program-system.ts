/**
 * The actor system in which one program runs, apart from the runtime's own.
 *
 * Isolates the program's actor system from the runtime's: ids, timers and errors cannot leak between executions. Reports
 * every change to its host, and hands it every output (the start of a step, a custom action, an emitted event, a log line)
 * instead of running it. Does not know: commits, stores, executions.
 * Longer than others because it is the one object that XState treats as a system: everything that XState calls on it is here.
 */
import {
  createActor,
  type AnyActorLogic,
  type AnyActorRef,
  type AnyEventObject,
  type InspectionEvent,
  type Observer,
} from 'xstate'
import type { Clock } from '../../../clock.js'
import type { StatewardError } from '../../../errors.js'
import type { ProgramInterceptor } from '../program-interceptor.js'
import { isMachineSnapshot, isProgramMachine } from './program-logic.js'
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
  leads,
  takesTransition,
} from './xstate-internals.js'
import { leftReason } from '../../../events/stop-reason.js'
import { failsLater, hasFailed, isRunning, leave, noteActor, stopBelow } from './hosted-actor.js'
import { guardedObserver, type Inspect } from './inspection.js'
import { countMicrostep, namedError } from './microstep-limit.js'
import { idOf, ProgramActors } from './program-actors.js'
import { Strays } from './strays.js'
import { listeningTo, watchMachine, watchValue } from './asynchronous-code.js'
import { SystemIds } from './system-ids.js'
import { actionsOf } from './implementations.js'
import { doneActorEvent, endOf, isXStateEvent } from './xstate-events.js'
import { Turns } from './turns.js'
import type { StrayRecord } from '../program-record.js'
import type { ActorNaming, NoticeOutput, ProgramActor, ProgramSystemHost } from '../program-output.js'
import { guardedListening } from './user-code.js'

/** The path of the actor above the root. */
const upwards = '^'

/** Session ids differ in the whole process, where an inspector sees the actors of all programs; they are never stored. */
let session = 0

type Message = [source: InnerActor | undefined, target: InnerActor, event: AnyEventObject]

/** The part of it that is called from here. */
interface SeenSystem {
  _unregister(this: void, ref: InnerActor): void
  _relay(source: InnerActor | undefined, target: InnerActor, event: AnyEventObject): void
  _sendInspectionEvent(event: SystemEvent): void
  readonly [member: string]: unknown
}

/** What a program system is made with. */
export interface ProgramSystemOptions {
  readonly id: string
  /** The actor under which an inspector shows the root. */
  readonly owner: AnyActorRef | undefined
  readonly input?: unknown
  readonly snapshot?: unknown
  /** Of the program that `snapshot` is of. */
  readonly lastNumber?: number | undefined
  readonly strays?: readonly StrayRecord[] | undefined
  readonly maxIterations: number
  readonly logger: (...args: unknown[]) => void
  readonly clock: Clock
  readonly interceptor?: ProgramInterceptor | undefined
}

/** The actor system of one program, for its host. */
export class ProgramSystem implements ActorNaming, StepSurroundings {
  readonly root: AnyActorRef
  readonly host: ProgramSystemHost
  /** The stored form of an actor of the program; undefined for anything else. */
  readonly named: ActorNaming['named']
  readonly #options: ProgramSystemOptions
  readonly #root: InnerActor
  readonly #system: SeenSystem
  /** Takes the place of the root's parent: the root's end and its messages to its parent arrive here. */
  readonly #above: InnerActor
  readonly #turns: Turns<Message>
  readonly #actors: ProgramActors
  readonly #refs: ActorRefs
  readonly #strays: Strays
  /** True once its root has taken a transition since its last snapshot. */
  #isMoved = false
  #muted = false
  /** Computes why the program was stopped; called only if a step asks. */
  #stopped: (() => StatewardError) | undefined
  /** The event that the root is sent from outside just now, and whether a machine has a transition for it. */
  #asked: { readonly event: AnyEventObject; isTaken: boolean | undefined } | undefined
  #stopsItself = false

  /** Makes the system and its root actor, not started. */
  constructor(logic: AnyActorLogic, options: ProgramSystemOptions, host: ProgramSystemHost) {
    const { id, owner, input, snapshot } = options
    this.#options = options
    this.host = host
    this.#turns = new Turns<Message>(id, options.maxIterations * 10, (...message) => this.#deliver(...message))
    const system = (this.#system = this.#seen())
    this.#above = {
      id,
      sessionId: owner?.sessionId,
      _parent: (owner as unknown as InnerActor | undefined)?._parent,
      system,
      _send: (event: AnyEventObject) => this.#heard(undefined, event),
    } as unknown as InnerActor
    this.#actors = new ProgramActors(this.#above, options.lastNumber ?? 0, snapshot)
    this.#refs = new ActorRefs(this.#actors)
    this.named = this.#refs.named
    const given = { input, ...(snapshot === undefined ? {} : { snapshot: snapshot as never }) }
    const made = () => createActor(logic, { id, parent: this.#above as unknown as AnyActorRef, ...given } as never)
    this.root = listeningTo(host, made)
    this.#root = this.root as unknown as InnerActor
    this.#strays = new Strays(this.#actors, this.#refs, options.strays)
    if (snapshot !== undefined) this.#refs.restore(this.#root)
  }

  start(): void {
    const run = () => {
      this.#root.start()
      this.#strays.start()
    }
    this.#turns.take(() => listeningTo(this.host, run))
  }

  /** Sends the root an event; false if it is a machine that has no transition for it. */
  send(event: AnyEventObject): boolean {
    const sent = (this.#asked = { event, isTaken: undefined as boolean | undefined })
    try {
      this.#system._relay(undefined, this.#root, event)
    } finally {
      this.#asked = undefined
    }
    // a program that fails by the event, or keeps it for later, has taken it
    return sent.isTaken ?? true
  }

  /** Delivers a timer's event. */
  fire({ source, target, event }: { source: ProgramActor; target: ProgramActor; event: AnyEventObject }): void {
    if (!isStopped(target as InnerActor)) this.#system._relay(source as InnerActor, target as InnerActor, event)
  }

  addressOf(actor: ProgramActor): string | undefined {
    return actor === this.#above ? upwards : this.#actors.addressOf(actor as InnerActor)
  }

  owns(actor: ProgramActor): boolean {
    return actor === this.#above || this.#actors.owns(actor as InnerActor)
  }

  /** The number in the last id that was made up for a child; it goes into every commit. */
  get lastNumber(): number {
    return this.#actors.lastNumber
  }

  get version(): number {
    return this.#actors.version
  }

  /** Why an actor could not be restored, the root or any below it; XState leaves such an actor as failed, and reports nothing. */
  unrestored(): string | undefined {
    return this.#strays.unrestored ?? this.#actors.unrestored(this.#root)
  }

  persisted(): unknown {
    const persisted = this.#root.getPersistedSnapshot({ __unsafeAllowInlineActors: true })
    this.#refs.name(this.#root, persisted as object)
    return persisted
  }

  /** The part of the program that is not in the snapshot of its root. */
  strays(): StrayRecord[] {
    return this.#strays.records()
  }

  /** A decoded value, with actors in the places of its refs; refs in XState's form name children of the actor at `address`. */
  found<T>(value: T, address = ''): T {
    return this.#refs.found(value, this.#find(address)) as T
  }

  /** The stand-in for an actor that has ended: it takes no events. */
  ended(address: string): AnyActorRef {
    return this.#refs.ended(idOf(address), address) as unknown as AnyActorRef
  }

  /** What is sent while `run` acts is delivered once it is over, as XState does it within a transition. */
  together(run: () => void): void {
    this.#turns.together(run)
  }

  /** Runs an action for the actor at a path, which fails if that throws; throws if there is none, or it has ended. */
  attempt(path: string, run: () => unknown): unknown {
    try {
      return run()
    } catch (error) {
      const ref = this.#find(path)
      if (!ref) throw error
      return this.fail(ref, error)
    }
  }

  /** True if the actor at a path, or one above it, has failed at an earlier output. */
  hasFailed(path: string): boolean {
    return hasFailed(this.#find(path))
  }

  /** True if an actor, or one above it, fails once the silenced program goes on. */
  failsLater(actor: ProgramActor): boolean {
    return failsLater(actor as InnerActor)
  }

  /** The parent of the actor at a path does not know yet that the actor has ended. */
  keepEndPending(path: string): void {
    const notes = this.#find(path)?.[hostedKey]
    if (notes) notes.isNotified = false
  }

  /** Reports the end of the actor at a path to its parent, if the actor has ended and is still a child of it. */
  tellEnd(path: string): void {
    const ref = this.#find(path)
    if (!ref?._parent || !this.#isTheirs(ref)) return
    const { status, output } = ref.getSnapshot()
    if (status !== 'done') return
    const event = { type: doneActorEvent(ref.id), output, actorId: ref.id }
    this.#endsWell(ref, () => this.#deliver(ref, ref._parent as InnerActor, event))
  }

  /** The actor at a path, the empty path being the root. */
  find(path: string): AnyActorRef | undefined {
    return this.#find(path) as AnyActorRef | undefined
  }

  /** Stops every actor: abort signals fire, subscriptions end. Their messages are ignored from then on. */
  stop(reason?: () => StatewardError): void {
    this.#muted = true
    this.#stopped ??= reason
    this.#root._stop()
    stopBelow(this.#root, this.#system._unregister)
  }

  /** Silences the program: from now on its messages are ignored, and it gets none. */
  mute(): void {
    this.#muted = true
  }

  isMuted(): boolean {
    return this.#muted
  }

  stopReason(path: string): StatewardError {
    return this.#stopped?.() ?? leftReason(this.#options.id, path)
  }

  relay(ref: InnerActor, event: AnyEventObject): void {
    this.#system._relay(ref, ref, event)
  }

  /** Fails an actor because of a held-back output, as XState would have done in its transition. Throws the error if the actor has ended and that was reported. */
  fail(ref: InnerActor, error: unknown): void {
    const notes = ref[hostedKey]
    const { status } = ref.getSnapshot()
    const canFail = status === 'active' || (status === 'done' && !notes?.isNotified && this.#isTheirs(ref))
    const isLater = this.#muted && canFail && this.host.failedMuted(ref, pathOf(ref), error)
    if (notes) notes[isLater ? 'failsLater' : 'hasFailed'] = true
    if (isLater) return
    if (this.#muted || !canFail) throw error
    ref._snapshot = { ...ref._snapshot, status: 'error', output: undefined, error } as InnerActor['_snapshot']
    ref._error(error)
    this.host.changed()
  }

  /** The object that XState treats as the system. */
  #seen(): SeenSystem {
    const { owner, interceptor, clock, logger, maxIterations } = this.#options
    const { host } = this
    const ids = new SystemIds()
    const inspector = owner?.system as unknown as InnerSystem | undefined
    let observers: Set<Observer<InspectionEvent>> | undefined
    return {
      _snapshot: { _scheduledEvents: {} },
      _bookId: () => `p:${session++}`,
      _register: (sessionId: string) => sessionId,
      _unregister: (ref: InnerActor) => {
        leave(ref)
        this.#actors.left(ref)
        ids.left(ref)
        if (this.#stopsItself && ref === this.#root && !this.#muted) host.settled({ status: 'done', output: undefined })
      },
      _set: (systemId: string, ref: InnerActor) => ids.set(systemId, ref),
      get: (systemId: string) => ids.get(systemId),
      getAll: () => ids.all(),
      inspect: (observer: Inspect) => {
        const guarded = guardedObserver(observer, logger)
        const all = (observers ??= new Set())
        all.add(guarded)
        return { unsubscribe: () => all.delete(guarded) }
      },
      _sendInspectionEvent: (event: SystemEvent) => {
        const asked = this.#asked
        if (event.type === '@xstate.actor') this.#adopt(event.actorRef)
        else if (event.type === '@xstate.snapshot') {
          const notes = event.actorRef[hostedKey]
          if (notes) notes.microsteps = 0
          const { context } = event.snapshot as { readonly context?: unknown }
          watchValue(context, `the context of ${event.actorRef.id}`)
          if (!this.#muted) host.changed()
          if (this.#isMoved && event.actorRef === this.#root) {
            this.#isMoved = false
            host.moved(event.event?.type ?? '', (event.snapshot as { readonly value?: unknown }).value)
          }
        } else if (event.type === '@xstate.microstep' && event.actorRef === this.#root && leads(event)) this.#isMoved = true
        if (asked && event.type === '@xstate.microstep' && event.event === asked.event && event.actorRef === this.#root)
          asked.isTaken ??= takesTransition(event) // the first microstep tells, what follows is `always`
        inspector?._sendInspectionEvent(event)
        interceptor?.inspected(event as unknown as InspectionEvent)
        if (observers)
          for (const observer of observers)
            observer.next?.({ ...event, rootId: this.#root.sessionId } as unknown as InspectionEvent)
        const notes = event.type === '@xstate.microstep' && event.actorRef[hostedKey]
        if (notes) countMicrostep(notes, event.snapshot as object, maxIterations)
      },
      _relay: (source: InnerActor | undefined, target: InnerActor, event: AnyEventObject) => {
        if (source && event === source._doneEvent) this.#endsWell(source, () => this.#deliver(source, target, event))
        else this.#deliver(source, target, event)
      },
      scheduler: {
        schedule: (source: InnerActor, target: InnerActor, event: AnyEventObject, delay: number, id?: string) =>
          host.schedule({ source, target, id, event, delay }),
        cancel: (source: InnerActor, id: string) => host.cancel(source, id),
        cancelAll: (source: InnerActor) => this.#muted || host.cancelAll(source),
      },
      getSnapshot: () => ({ _scheduledEvents: {} }),
      start: () => undefined,
      _clock: clock,
      _logger: logger,
    }
  }

  #deliver(source: InnerActor | undefined, target: InnerActor, event: AnyEventObject): void {
    if (this.#muted) return
    if (target === this.#above) return this.#heard(source, event)
    if (this.#turns.isLate(source, target, event)) return
    if (source && !this.#actors.owns(target)) return this.#outwards(source, target, event)
    this.#system._sendInspectionEvent({ type: '@xstate.event', sourceRef: source, actorRef: target, event } as never)
    if (source && !this.#turns.isOpen) this.host.stirred(pathOf(source))
    this.#turns.take(() => listeningTo(this.host, () => target._send(event)))
  }

  /** Messages to an actor outside wait until their cause is durable. */
  #outwards(source: InnerActor, target: InnerActor, event: AnyEventObject): void {
    const run = () => {
      this.#system._sendInspectionEvent({ type: '@xstate.event', sourceRef: source, actorRef: target, event } as never)
      target._send(event)
    }
    const { context } = source._snapshot
    const who = { actor: source, path: pathOf(source), via: this.#viaOf(source), isVoid: () => hasFailed(source) }
    this.host.output({ kind: 'action', ...who, name: undefined, params: undefined, event, context, run })
  }

  #heard(source: InnerActor | undefined, event: AnyEventObject): void {
    if (source === this.#root && endOf(event.type)) {
      const { status, error, output } = this.#root.getSnapshot()
      this.host.settled(status === 'done' ? { status, output } : { status: 'error', error: error ?? event['error'] })
      return
    }
    this.host.output(notice(source ?? this.#root, 'emit', event, () => undefined))
  }

  /** An actor ends once its actions have run, because it would not have reached its end if one of them throws; the root ends once all actions have run. */
  #endsWell(ref: InnerActor, deliverEnd: () => void): void {
    const run = () => {
      const notes = ref[hostedKey]
      if (notes) notes.isNotified = true
      if (this.#isTheirs(ref)) deliverEnd()
    }
    if (this.#muted) return
    if (hasActionsAhead(ref) || (ref === this.#root && this.host.hasUnfinishedActions()))
      this.host.ending({ kind: 'end', actor: ref, path: pathOf(ref), isVoid: () => hasFailed(ref), run })
    else run()
  }

  /** True unless the actor's parent has stopped or forgotten it meanwhile. */
  #isTheirs(ref: InnerActor): boolean {
    return ref === this.#root || this.#actors.isWanted(ref)
  }

  #adopt(ref: InnerActor): void {
    const { interceptor, logger } = this.#options
    const { path } = this.#actors.adopt(ref)
    watchMachine(ref.logic)
    noteActor(ref, this.host)
    // XState lets no actor stop itself that has a parent, and the program's root has one here
    if (path === '') Object.assign(ref, { stop: () => ((this.#stopsItself = true), ref._stop()) })
    Object.assign(ref, guardedListening, { _error: (thrown: unknown) => this.#endsInError(ref, thrown) })
    if (interceptor)
      ref.logic = interceptor.logic({ src: path === '' ? '' : String(ref.src), id: ref.id, path, logic: ref.logic })
    const scope = ref._actorScope
    const { emit } = scope
    scope.emit = (event) => this.host.output(notice(ref, 'emit', event, () => emit(event)))
    scope.logger = (...args) => this.host.output(notice(ref, 'log', args, () => logger(...args)))
    this.#holdActions(ref, path, scope)
    if (ref.logic.start && !isProgramMachine(ref.logic)) holdStep(ref, path, this)
  }

  /** Whatever logic it is that asks for a custom action: there is a machine in it. */
  #holdActions(ref: InnerActor, path: string, scope: ActorScope): void {
    const execute = scope.actionExecutor
    scope.actionExecutor = (action) => {
      const { type, exec, params } = action
      if (!exec || isXStateEvent(type)) return execute(action)
      const held = (info: unknown) => {
        const notes = ref[hostedKey]
        /** Set while the host may run the action within the transition, which then handles its errors. */
        let asking: { error?: { readonly thrown: unknown } } | undefined = {}
        const run = () => {
          if (notes) notes.actionsAhead--
          try {
            return exec(info, params)
          } catch (thrown) {
            if (asking) asking.error = { thrown }
            else this.fail(ref, thrown)
            return undefined
          }
        }
        if (notes) notes.actionsAhead++
        this.host.output({
          kind: 'action',
          actor: ref,
          path,
          name: namedAction(ref, type) === exec ? type : undefined,
          via: this.#viaOf(ref),
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

  #viaOf(ref: InnerActor): string[] {
    return ref._parent === this.#above ? [] : [...this.#viaOf(ref._parent as InnerActor), String(ref.src)]
  }

  /** Ends an actor that has failed, for whatever reason: nothing of it, and nothing below it, lives on. */
  #endsInError(ref: InnerActor, thrown: unknown): void {
    const error = namedError(thrown, ref._snapshot as object)
    if (error !== thrown) ref._snapshot = { ...ref._snapshot, error } as InnerActor['_snapshot']
    ref._stopProcedure()
    stopBelow(ref, this.#system._unregister)
    ref[hostedKey]?.letGo?.()
    // it was stopped, and its cleanup has thrown: nobody may be there to hear it
    const { _parent: parent } = ref
    if (this.#muted || (parent && parent !== this.#above && !isRunning(parent))) this.host.failedAside(pathOf(ref), error)
    ;(Object.getPrototypeOf(ref) as InnerActor)._error.call(ref, error)
  }

  #find(address: string): InnerActor | undefined {
    return address === upwards ? this.#above : this.#actors.find(address)
  }
}

function notice(ref: InnerActor, kind: 'emit' | 'log', value: unknown, run: () => void): NoticeOutput {
  return { kind, actor: ref, path: pathOf(ref), value, waits: hasActionsAhead(ref), isVoid: () => hasFailed(ref), run }
}

const hasActionsAhead = (ref: InnerActor) => (ref[hostedKey]?.actionsAhead ?? 0) > 0

function namedAction(ref: InnerActor, name: string): unknown {
  const snapshot = ref._snapshot as object | undefined
  return snapshot && isMachineSnapshot(snapshot) ? actionsOf(snapshot.machine)[name] : undefined
}
