/**
 * What becomes of a program without Stateward: XState's own persistence, as one would first write it.
 *
 * Owns: a process that saves `JSON.stringify(actor.getPersistedSnapshot())` whenever an actor of the program has a new snapshot,
 * and restores with `createActor(machine, { snapshot })`. Nothing waits for a save: actions run inside the transition. It is
 * here to show what explorations find, and for nothing else.
 */
import {
  createActor,
  type Actor,
  type AnyActorLogic,
  type AnyEventObject,
  type AnyStateMachine,
  type InspectionEvent,
} from 'xstate'
import { isProgramMachine } from '../../actors/program/xstate/program-logic.js'
import type { EntryPoint } from '../../runtime/entry-point.js'
import { StatewardError, toErrorRecord } from '../../errors.js'
import { actorNames } from '../world/actor-names.js'
import { SimulatedClock } from '../clock/simulated-clock.js'
import type { MockBehaviour } from '../world/mock-behaviour.js'
import type { Point } from '../world/points.js'
import { shortText } from '../world/readable.js'
import { TransitionStory } from '../world/transition-story.js'
import { World } from '../world/world.js'
import type { ExplorationHost, ExplorationWorld, LossyValue, ObservedExecution } from './exploration-host.js'
import { lossyValues } from './lossy-values.js'
import { naiveLogic } from './naive-logic.js'

/** XState's persistence alone, with JSON. Gives no commands: for `exploreCrashes` only. */
export const naiveHost: ExplorationHost = {
  name: 'plain XState persistence',
  begin: (options) => new NaiveWorld(options),
}

interface Execution {
  readonly id: string
  readonly entryPoint: EntryPoint
  readonly input: unknown
  /** What is on the disk. */
  saved: string | undefined
  /** What was saved, as it was before it became text. */
  live: unknown
  actor: Actor<AnyActorLogic> | undefined
  /** Events that were sent and whose effect is not saved. */
  readonly unsaved: AnyEventObject[]
  saves: number
}

class NaiveWorld implements ExplorationWorld {
  readonly lossy: LossyValue[] = []
  readonly breaches: readonly never[] = []
  readonly #world: World
  readonly #executions = new Map<string, Execution>()
  readonly #entryPoints: readonly EntryPoint[]

  constructor({ entryPoints, onPoint }: { entryPoints: readonly EntryPoint[]; onPoint: (point: Point) => void }) {
    this.#entryPoints = entryPoints
    this.#world = new World({
      clock: new SimulatedClock(),
      names: actorNames(entryPoints),
      describe: () => Promise.resolve(''),
      onPoint,
    })
  }

  /** The part of a test runtime that needs no host: the rest throws. */
  get runtime(): unknown {
    const { time, clock } = this.#world
    const own = {
      clock,
      mock: (name: string, behaviour: MockBehaviour, ...further: MockBehaviour[]) => this.#world.mock(name, behaviour, further),
      hold: (name: string) => this.#world.hold(name),
      trigger: (id: string, input: unknown, options?: { id?: string }) => this.#trigger(id, input, options?.id),
      execution: (id: string) => this.#handle(id),
      settle: () => time.settle(),
      advance: (ms: number) => time.advanceTo(clock.now() + ms),
      advanceTo: (at: number | Date) => time.advanceTo(at),
      runToIdle: () => time.runToIdle(),
      until: <T>(promise: Promise<T>) => time.until(promise),
    }
    return new Proxy(own, {
      get: (target, name) => {
        if (!(name in target) && name !== 'then') throw unsupported(String(name))
        return Reflect.get(target, name) as unknown
      },
    })
  }

  get calls() {
    return this.#world.calls.all
  }

  history() {
    return this.#world.history
  }

  crash(): void {
    this.#world.kill()
    for (const execution of this.#executions.values()) execution.actor = undefined
  }

  async restart(): Promise<void> {
    this.#world.begin()
    for (const execution of this.#executions.values()) {
      const snapshot = execution.saved === undefined ? undefined : (JSON.parse(execution.saved) as { context?: unknown })
      if (snapshot)
        this.lossy.push(...lossyValues(execution.id, (execution.live as { context?: unknown }).context, snapshot.context))
      this.#start(execution, snapshot)
      // a sender that was not answered sends again
      for (const event of execution.unsaved.splice(0)) this.#send(execution, event)
    }
    await this.#world.time.settle()
  }

  redeploy(): Promise<void> {
    return Promise.reject(unsupported('a stop'))
  }

  passivate(): Promise<void> {
    return Promise.reject(unsupported('passivation'))
  }

  runToIdle(): Promise<void> {
    return this.#world.time.runToIdle()
  }

  settle(): Promise<void> {
    return this.#world.time.settle()
  }

  command(): Promise<void> {
    return Promise.reject(unsupported('commands'))
  }

  observe(): Promise<ObservedExecution[]> {
    return Promise.resolve([...this.#executions.values()].map(observed))
  }

  end(): Promise<void> {
    if (!this.#world.life.isDead) this.#world.life.kill()
    return Promise.resolve()
  }

  async #trigger(entryPointId: string, input: unknown, id = `execution-${this.#executions.size + 1}`) {
    const entryPoint = this.#entryPoints.find((each) => each.id === entryPointId)
    if (!entryPoint) throw unsupported(`entry point ${entryPointId}`)
    const execution: Execution = {
      id,
      entryPoint,
      input,
      saved: undefined,
      live: undefined,
      actor: undefined,
      unsaved: [],
      saves: 0,
    }
    this.#executions.set(id, execution)
    this.#world.tell(id, `trigger of ${entryPointId}${input === undefined ? '' : ` with ${shortText(input)}`}`)
    this.#start(execution, undefined)
    await this.#world.time.settle()
    return this.#handle(id)
  }

  #handle(id: string) {
    const execution = this.#executions.get(id)
    if (!execution) throw unsupported(`execution ${id}`)
    return {
      id,
      send: async (event: AnyEventObject) => {
        this.#world.tell(id, `send ${shortText(event)}`)
        this.#send(execution, event)
        await this.#world.time.settle()
        return { status: 'delivered' }
      },
      get: () => Promise.resolve(observed(execution)),
      result: async () => {
        await this.#world.time.runToIdle()
        return observed(execution)
      },
    }
  }

  #send(execution: Execution, event: AnyEventObject): void {
    execution.unsaved.push(event)
    if (!this.#world.life.isDead) execution.actor?.send(event)
  }

  #start(execution: Execution, snapshot: unknown): void {
    const { life } = this.#world
    const { program, programId } = execution.entryPoint
    const name = isProgramMachine(program) ? undefined : programId
    const logic = naiveLogic(program, { world: this.#world, life, execution: execution.id }, name)
    const save = () => life.isDead || !execution.actor || this.#save(execution)
    const story = new TransitionStory(
      (_, text, transition) => this.#world.tell(execution.id, text, transition),
      ({ actorRef, rootId }) =>
        actorRef.sessionId === rootId ? { execution: execution.id, path: '', isRestored: snapshot !== undefined } : undefined,
    )
    const actor = createActor(
      logic as AnyStateMachine,
      {
        input: execution.input,
        clock: life.clock as never,
        ...(snapshot === undefined ? {} : { snapshot: snapshot as never }),
        inspect: (event: InspectionEvent) => {
          if (life.isDead) return
          if (event.type === '@xstate.actor')
            (event.actorRef as unknown as Actor<AnyActorLogic>).subscribe({ next: save, complete: save, error: save })
          story.take(event)
        },
      } as never,
    ) as unknown as Actor<AnyActorLogic>
    execution.actor = actor
    actor.start()
    if (!life.isDead) this.#save(execution)
  }

  #save(execution: Execution): void {
    const { life, points } = this.#world
    const { id, actor } = execution
    const live = actor?.getPersistedSnapshot()
    const text = JSON.stringify(live)
    if (text === execution.saved) return
    const what = String(++execution.saves)
    points.reach('commit', 'before', id, what)
    if (life.isDead) return
    execution.saved = text
    execution.live = live
    execution.unsaved.length = 0
    points.reach('commit', 'after', id, what)
  }
}

interface LiveSnapshot {
  readonly status: string
  readonly value?: unknown
  readonly context?: unknown
  readonly output?: unknown
  readonly error?: unknown
  readonly children?: Readonly<Record<string, { getSnapshot(): LiveSnapshot } | undefined>>
}

function observed({ id, entryPoint, actor }: Execution): ObservedExecution {
  const snapshot = actor?.getSnapshot() as LiveSnapshot | undefined
  const status = { done: 'completed', error: 'failed' }[snapshot?.status ?? ''] ?? 'waiting'
  const { stack: _, ...error } = toErrorRecord(snapshot?.error)
  const { value, context, output } = snapshot ?? {}
  return {
    id,
    entryPoint: entryPoint.id,
    parentId: null,
    key: null,
    status,
    value,
    context,
    output,
    error: status === 'failed' ? error : null,
    paused: null,
    emitted: [],
    ends: status === 'waiting' ? 0 : 1,
    attempt: 1,
    owed: 0,
    inbox: 0,
    endedChildren: snapshot ? endedBelow(snapshot) : [],
  }
}

function endedBelow({ children = {} }: LiveSnapshot, path = ''): string[] {
  return Object.entries(children).flatMap(([name, child]) => {
    if (!child) return []
    const [own, snapshot] = [`${path}${name}`, child.getSnapshot()]
    return [...(snapshot.status === 'active' ? [] : [own]), ...endedBelow(snapshot, `${own}/`)]
  })
}

function unsupported(what: string): StatewardError {
  return new StatewardError('invalid_option', `The naive host has no ${what}: it can only trigger, send and let time pass.`, {
    details: { what },
  })
}
