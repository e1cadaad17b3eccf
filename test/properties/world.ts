/**
 * Runs a script: one store, simulated processes on it, one clock, all of it decided by the script.
 *
 * Owns: what each command does, waiting until it is quiet, and running what is left to its end.
 */
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { isTerminal } from '../../src/index.js'
import type { StoredExecution } from '../../src/persistence/snapshot-store.js'
import type { ExecutionHandle } from '../../src/index.js'
import { Activity } from '../../src/testing/world/activity.js'
import { seeded, seededIds } from '../../src/testing/world/seeded-ids.js'
import type { Connection } from '../../src/testing/world/shared-store.js'
import { turn } from '../support/eventually.js'
import type { StorePlace } from '../support/store-place.js'
import { Ledger, type Answer, type Asked } from './ledger.js'
import { paceOf } from './pace.js'
import { deliveryOf, firedSpec, firing, type FiresSpec } from './fired.js'
import { elementOf } from './gathered.js'
import { outsider } from './ring.js'
import type { Command, Line, Script, StreamSpec, Target } from './script.js'
import { SimulatedProcess, type Flight, type LiveCallback, type Surroundings } from './simulated-process.js'

/** One run. */
export class World {
  readonly activity = new Activity()
  readonly clock = new SimulatedClock()
  readonly ledger = new Ledger(this.activity, this.clock)
  /** Each time that the wall clock was set, with when that was by the monotonic one. `isSeen`: no process was frozen then. */
  readonly jumps: { readonly n: number; readonly at: number; readonly ms: number; readonly isSeen: boolean }[] = []
  readonly flights: Flight[] = []
  readonly callbacks = new Set<LiveCallback>()
  readonly processes: SimulatedProcess[] = []
  /** Ids that were asked for, in order; targets of commands. */
  readonly targets: string[] = []
  /** How the steps that are left come to their end. */
  decide: (key: string) => boolean = () => true
  /** What was found at quiet instants. */
  readonly findings: string[] = []
  readonly #onQuiet: ((world: World) => void)[] = []
  readonly #around: Surroundings
  /** What looks at the store from outside. */
  readonly store: Connection
  #pings = 0
  /** The execution that the last command was about. */
  #last: string | undefined
  /** True from a quiet instant to the next call. */
  #settled = false
  #calls = 0

  constructor(script: Script, place: StorePlace) {
    this.store = place.connect()
    const random = seeded(script.seed)
    const { clock, ledger, flights, callbacks } = this
    this.#around = {
      clock,
      ledger,
      flights,
      callbacks,
      streams: script.streams,
      fires: script.fires,
      gathers: script.gathers,
      ids: seededIds(script.seed),
      shared: place,
      endsSoon: script.streams.some(({ program }) => program.states.some(({ kind }) => kind === 'killer')),
      delay: paceOf(script, random),
    }
  }

  /** A script from its start to the end of every execution. */
  static async run(
    script: Script,
    place: StorePlace,
    onQuiet: (world: World) => void = () => undefined,
    decide: (key: string) => boolean = () => true,
  ): Promise<World> {
    const world = new World(script, place)
    world.decide = decide
    world.#onQuiet.push(onQuiet)
    await world.store.open()
    await world.#begin()
    const calls: Promise<void>[] = []
    for (const line of script.lines) {
      const done = world.#line(line)
      if (line.turns === 'same' && isCall(line)) calls.push(done)
      else await done
    }
    await Promise.all(calls)
    await world.finish()
    return world
  }

  /** The process that gets the commands. */
  get primary(): SimulatedProcess {
    return this.processes.at(-1) as SimulatedProcess
  }

  /** Until nothing moves any more but time. */
  async settle(): Promise<void> {
    await this.activity.settle()
    this.#settled = true
    for (const look of this.#onQuiet) look(this)
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms, () => this.settle())
  }

  /** Takes all obstacles away, and lets everything come to its end. */
  async finish(): Promise<void> {
    await this.settle()
    for (const process of this.processes) {
      process.fate.faults.length = 0
      process.fate.thaw()
    }
    await this.settle()
    await this.#revive()
    for (const id of this.#around.streams.keys()) await this.#do({ do: 'scope', stream: id, call: 'resume' })
    await this.advance(20_000)
    await this.#revive()
    // what ends each process takes one round for each of its deaths
    const killers = [...this.ledger.rows.keys()].filter((id) =>
      this.streamOf(id).program.states.some(({ kind }) => kind === 'killer'),
    )
    for (let round = 0; round < 100 + 10 * killers.length && this.#open().length > 0; round++) {
      await this.#resumeScopes()
      for (const row of this.#open()) {
        const handle = this.primary.runtime.execution(row.id)
        // one that fails each time that it is tried again, or ends each process
        const isHopeless = round > 8 || this.ledger.history(row.id).at(-1)?.record.pause?.reason === 'recovery_limit'
        if (row.status === 'paused' && isHopeless) this.#ask('cancel', row.id, () => handle.cancel())
        else if (row.status === 'paused') this.#ask('resume', row.id, () => handle.resume({ retry: true }))
        if (row.status === 'waiting') this.#ask('send', row.id, () => handle.send({ type: 'NEXT' }))
      }
      await this.settle()
      for (const flight of this.#running()) flight.end(this.decide(flight.key))
      await this.settle()
      await this.advance(round < 4 ? 1_000 : 30_000)
      // the clock was set back to long before it is to start
      const later = Math.max(0, ...this.#open().map(({ status, startAt }) => (status === 'queued' ? (startAt ?? 0) : 0)))
      if (later > this.clock.now() + 60_000) await this.advance(later - this.clock.now())
      await this.#revive()
    }
    if (this.#around.fires) await this.#finishFires(this.#around.fires)
  }

  /** What is paused by its scope goes on, unless a process has answered the resume of that. */
  async #resumeScopes(): Promise<void> {
    const scopes = [
      ['runtime', 'all'],
      ['stream', 0],
      ['stream', 1],
    ] as const
    for (const [scope, stream] of scopes) {
      const id = stream === 'all' ? stream : `stream${stream}`
      const about = this.ledger.asked.filter(
        ({ call, id: of }) => of === id && call.startsWith(scope) && !call.endsWith('cancel'),
      )
      const last = about.at(-1)
      const isUnderWay = last?.answer === undefined && last?.process === this.primary.name
      // a pause by way of another process may have come into the store only after it
      const isLate = about.some(({ call, answer }) => call.endsWith('pause') && answer && answer.told > (last?.n ?? 0))
      const isResumed = last?.call.endsWith('resume') && !isLate && (isUnderWay || last.answer?.status === 'done')
      if (about.some(({ call }) => call.endsWith('pause')) && !isResumed) await this.#do({ do: 'scope', stream, call: 'resume' })
    }
  }

  #open() {
    return [...this.ledger.rows.values()].filter(({ status }) => !isTerminal(status))
  }

  #running(): Flight[] {
    const here = (flight: Flight) =>
      this.processes.some(({ name, lives, fate }) => name === flight.process && lives && !fate.frozen)
    return this.flights.filter((flight) => !flight.over && here(flight))
  }

  async #begin(): Promise<void> {
    const process = new SimulatedProcess(this.processes.length + 1, this.#around)
    this.processes.push(process)
    let done = false
    process.runtime.start().then(
      () => (done = true),
      (error: unknown) => this.findings.push(`start: ${String(error)}`),
    )
    await this.settle()
    if (!done && process.lives) this.findings.push('start: did not come to an end')
  }

  /** Whoever died by what it ran is started again. */
  async #revive(): Promise<void> {
    if (!this.primary.lives) await this.#begin()
  }

  async #line({ turns, ...command }: Line): Promise<void> {
    const done = this.#do(command)
    // whatever it is, it may move something
    this.#settled = false
    // a call is made before anything else happens; what takes its time is waited for
    if (turns === 'same' && isCall(command)) return done
    await done
    await this.#revive()
    if (turns === undefined) return this.settle()
    if (typeof turns === 'string') return
    for (let left = turns; left > 0; left--) await turn()
  }

  async #do(command: Command): Promise<void> {
    const { primary } = this
    const { runtime } = primary
    switch (command.do) {
      case 'trigger':
        return this.#trigger(command)
      case 'send': {
        const ping = command.type === 'PING' ? { ping: ++this.#pings } : {}
        const process = this.#living.at(-1 - ((command.through ?? 0) % this.#living.length)) ?? primary
        const event = {
          type: command.type,
          n: ping.ping,
          ...(command.bad ? { bad: command.through ? outsider : () => undefined } : {}),
        }
        return this.#onTarget(command.target, command.bad ? 'bad send' : 'send', (handle) => handle.send(event), ping, process)
      }
      case 'pause':
        return this.#onTarget(
          command.target,
          'pause',
          (handle) => handle.pause({ mode: command.mode, ...timed(command) }),
          timed(command),
        )
      case 'resume':
        return this.#onTarget(command.target, 'resume', (handle) => handle.resume())
      case 'cancel':
        return this.#onTarget(command.target, 'cancel', (handle) => handle.cancel(timed(command)), timed(command))
      case 'get':
        return this.#onTarget(command.target, 'get', async (handle) => (await handle.get()) as Answer['outcome'])
      case 'result':
        return this.#onTarget(command.target, 'result', (handle) => handle.result({ timeout: 0 }))
      case 'retry':
      case 'fork':
        return this.#onTarget(command.target, command.do, async (handle) => {
          const other = await handle[command.do as 'retry' | 'fork']()
          if (!this.targets.includes(other.id)) this.targets.push(other.id)
          return { status: other.id === handle.id ? 'same' : 'other' }
        })
      case 'unknown': {
        const handle = runtime.execution('nobody')
        return this.#ask(`unknown ${command.call}`, 'nobody', () => handle[command.call]())
      }
      case 'step': {
        const running = this.#running()
        return running[command.nth % running.length]?.end(command.ok)
      }
      case 'advance':
        return this.advance(command.ms)
      case 'crash':
        primary.kill()
        return this.#begin()
      case 'restart':
        return this.#restart(primary)
      case 'takeover':
        if (this.processes.filter(({ lives }) => lives).length > 2) return
        if (command.atWrite) await this.#freezeAtWrite(primary)
        primary.freeze()
        await this.advance(16_000)
        return this.#begin()
      case 'join':
        if (this.#living.length > 1) return
        return this.#begin()
      case 'thaw':
        for (const process of this.processes) process.fate.thaw()
        return
      case 'jump': {
        const isSeen = this.processes.every(({ lives, fate }) => !lives || !fate.frozen)
        this.jumps.push({ n: this.ledger.next(), at: this.clock.monotonic(), ms: command.ms, isSeen })
        return this.clock.jump(command.ms)
      }
      case 'fault':
        return void primary.fate.faults.push({ ...command })
      case 'scope':
        return this.#scope(command)
      case 'publish': {
        const name = command.number === undefined ? `event ${++this.#calls}` : `event ${command.type} ${command.number}`
        const options = command.number === undefined ? {} : { id: name }
        return this.#ask('publish', name, async () => {
          const { status, seq } = await runtime.publish(command.type, { name }, options)
          return { status, seq }
        })
      }
      case 'deliver':
        return this.#deliver(`delivery ${command.key}`)
      case 'gather':
        return this.#gather(command)
      case 'wait':
        return this.#ask('wait', firing, () => runtime.waitFor({ type: firing }, { timeout: command.timeout }), timed(command))
    }
  }

  /** Lets a step end, and freezes between the commit of that and its acknowledgement. */
  async #freezeAtWrite({ fate }: SimulatedProcess): Promise<void> {
    fate.freezesAtWrite = true
    this.#running()[0]?.end(true)
    await this.settle()
    fate.freezesAtWrite = false
  }

  async #restart(process: SimulatedProcess): Promise<void> {
    // its steps are told to stop, and go with it
    process.leave()
    const stopped = process.runtime.stop()
    stopped.catch((error: unknown) => this.findings.push(`stop: ${String(error)}`))
    await this.settle()
    await this.advance(10_000)
    process.kill()
    await this.#begin()
  }

  #trigger({ stream, key, priority, bad, startIn }: Command & { do: 'trigger' }): void {
    const { runtime } = this.primary
    const input = {
      label: key === undefined ? `l${++this.#calls}` : `k${key}`,
      ...(bad ? { bad: priority > 0 ? outsider : () => undefined } : {}),
    }
    const startAt = startIn === undefined ? undefined : this.clock.now() + startIn
    const options = { priority, startAt, ...(key === undefined ? {} : { idempotencyKey: `key${key}` }) }
    this.#ask(bad ? 'bad trigger' : 'trigger', `${stream}:${key ?? ''}`, async () => {
      const { id } = await runtime.trigger(`stream${stream}` as never, ...([input, options] as [never, never]))
      if (!this.targets.includes(id)) this.targets.push(id)
      return { status: 'accepted', id }
    })
  }

  #deliver(key: string): void {
    const { runtime } = this.primary
    const answer = async () => {
      const response = await runtime.fetch(deliveryOf(key))
      const { id } = (await response.json()) as { id?: string }
      return { status: String(response.status), id }
    }
    this.#ask('deliver', key, answer, { key })
  }

  #gather({ into, key, number, through }: Command & { do: 'gather' }): void {
    const process = this.#living.at(-1 - (through % this.#living.length)) ?? this.primary
    const name = number === undefined ? `${++this.#calls}` : `again ${number}`
    const element = elementOf(into, key, name)
    const options = number === undefined ? {} : { idempotencyKey: element }
    const answer = async () => {
      const { id, created, joined } = await process.runtime.trigger(into as never, ...([element, options] as [never, never]))
      if (!this.targets.includes(id)) this.targets.push(id)
      return { status: 'gathered', as: joined ? 'joined' : created ? 'created' : 'known', id }
    }
    this.#ask('gather', element, answer, { key: element }, process)
  }

  /** Senders send again what was not taken, and ticks and events get the time that they need. */
  async #finishFires({ period }: FiresSpec): Promise<void> {
    const { ledger } = this
    const isTaken = (key: string) => ledger.answers.some((answer) => answer.key === key && ['200', '202'].includes(answer.status))
    const keys = new Set(ledger.asked.filter(({ call }) => call === 'deliver').map(({ id }) => id))
    for (let round = 0; round < 6; round++) {
      await this.#resumeScopes()
      for (const key of keys) if (!isTaken(key)) this.#deliver(key)
      await this.settle()
      await this.advance(period)
      await this.advance(30_000)
      await this.#revive()
    }
  }

  #scope({ stream, call, mode, ...rest }: Command & { do: 'scope' }): void {
    const { runtime } = this.primary
    const [of, scope] =
      stream === 'all' ? (['all', runtime] as const) : ([`stream${stream}`, runtime.stream(`stream${stream}` as never)] as const)
    this.#ask(
      `${stream === 'all' ? 'runtime' : 'stream'} ${call}`,
      of,
      async () => {
        if (call === 'resume') await scope.resume()
        else if (call === 'cancel') await scope.cancel(timed(rest))
        else await scope.pause({ ...(mode === undefined ? {} : { mode }), ...timed(rest) })
        return { status: 'done' }
      },
      timed(rest),
    )
  }

  /** The entry point of an execution, as it was set up. */
  streamOf(id: string): StreamSpec {
    const { entryPoint = '' } = this.ledger.rows.get(id) ?? {}
    if (!entryPoint.startsWith('stream')) return firedSpec
    return this.#around.streams[Number(entryPoint.slice('stream'.length))] as StreamSpec
  }

  /** The processes that answer, in the order in which they began. */
  get #living(): SimulatedProcess[] {
    return this.processes.filter(({ lives, fate }) => lives && !fate.frozen)
  }

  /** One process lives, nothing is wrong with it or its store. */
  get isCalm(): boolean {
    return this.processes.filter(({ lives }) => lives).length === 1 && this.#living.length === 1 && !this.hasFaults
  }

  get hasFaults(): boolean {
    return this.ledger.failed.length > 0 || this.ledger.slow > 0 || this.primary.fate.faults.some(({ count }) => count > 0)
  }

  /** What stands below an execution; of a scope, all that was stored before it was asked. */
  #under(id: string, n: number): StoredExecution[] {
    const { ledger } = this
    const isOld = (of: string) => (ledger.history(of)[0]?.n ?? n) < n
    if (id !== 'all' && !id.startsWith('stream')) return ledger.below(id)
    return [...ledger.rows.values()].filter((row) => (id === 'all' || row.entryPoint === id) && isOld(row.id))
  }

  #onTarget(
    target: Target,
    call: string,
    run: (handle: ExecutionHandle) => Promise<Answer['outcome']>,
    more: More = {},
    process = this.primary,
  ): void {
    const children = [...this.ledger.rows.values()].filter(({ id, parentId }) => parentId !== null && !this.targets.includes(id))
    const all = [...this.targets, ...children.map(({ id }) => id)]
    if (all.length === 0) return
    const id =
      target === 'same' && this.#last !== undefined ? this.#last : (all[target === 'same' ? 0 : target % all.length] as string)
    this.#last = id
    const handle = process.runtime.execution(id)
    this.#ask(call, id, () => run(handle), more, process)
  }

  /** Makes a call, and notes its answer when it comes; nobody waits for it. */
  #ask(call: string, id: string, run: () => Promise<unknown>, more: More = {}, primary = this.primary): void {
    const { ledger } = this
    const n = ledger.next()
    if (call.endsWith('resume') || call === 'retry') ledger.resumes.push(n)
    const about: Asked = { n, process: primary.name, call, id, answer: undefined }
    ledger.asked.push(about)
    const quiet = this.#settled && !this.activity.isBusy
    this.#settled = false
    const asked = quiet ? (ledger.rows.get(id)?.status ?? 'absent') : undefined
    const note = (outcome: Answer['outcome'], error?: unknown) => {
      if (primary.fate.dead) return
      const of = (outcome as { id?: string }).id ?? id
      const row = ledger.rows.get(of)
      about.answer = {
        process: primary.name,
        call,
        id: of,
        asked,
        n,
        told: ledger.next(),
        open: this.#under(of, n).filter(({ status }) => !isTerminal(status)),
        calm: this.isCalm,
        status: outcome?.status ?? 'none',
        outcome,
        row,
        known: ledger.knownToAny(of),
        ...(error === undefined ? {} : { error }),
        at: this.clock.monotonic(),
        ...more,
      }
      ledger.answers.push(about.answer)
    }
    let answer: Promise<unknown>
    try {
      answer = run()
    } catch (error) {
      answer = Promise.reject(error)
    }
    answer.then(
      (outcome) => note(outcome as Answer['outcome']),
      (error: unknown) => note({ status: 'error' }, error),
    )
  }
}

/** What is noted with an answer besides. */
type More = Partial<Pick<Answer, 'ping' | 'timeout' | 'key'>>

const timed = ({ timeout }: { readonly timeout?: number | undefined }) => (timeout === undefined ? {} : { timeout })

const waiting = new Set<Command['do']>(['advance', 'crash', 'restart', 'takeover', 'join'])

/** True for what is over in the turn in which it is done. */
const isCall = ({ do: what }: Command) => !waiting.has(what)
