/**
 * One execution whose store holds back the answer to one call while something else is done to it.
 *
 * Owns: where the execution stands before, what is done to it, and what must be true of it whatever the order of the answers: no
 * answer says what the store does not, no event is lost, doubled or overtaken, no step runs twice, and it comes to its end.
 */
import { assign, setup } from 'xstate'
import { createRuntime, defineEntryPoint, fromStep, isTerminal, type ExecutionHandle, type Runtime } from '../../src/index.js'
import { memoryStore } from '../../src/persistence/memory/memory-store.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { faultyStore } from '../../src/testing/store/faulty-store.js'
import { storeReads, storeWrites } from '../../src/testing/store/store-call.js'
import { turns } from './eventually.js'

/** Where the execution stands when the first thing is done to it. */
export const standings = ['in memory', 'passivated', 'working', 'queued', 'paused', 'pausing', 'backing off'] as const
/** What is done to it. */
export const deeds = ['send', 'pause', 'resume', 'cancel'] as const

export type Standing = (typeof standings)[number]
export type Deed = (typeof deeds)[number]

/** The n-th call of the store after the first deed is held back, before or after its effect. */
export interface Delay {
  readonly when: 'before' | 'after'
  readonly nth: number
}

const settled = () => turns(6)
const notZero = (counts: Readonly<Record<string, number>> | undefined) =>
  JSON.stringify(
    Object.entries(counts ?? {})
      .filter(([, count]) => count > 0)
      .toSorted(),
  )

/** Begins with `mood`, and waits for GO. */
const machine = (work: (key: string) => Promise<void>, isWell: () => boolean) =>
  setup({
    types: {
      context: {} as { mood: Standing; got: number[] },
      input: {} as Standing,
      events: {} as { type: 'ADD'; n: number } | { type: 'GO' },
    },
    actors: {
      work: fromStep(({ idempotencyKey }) => work(idempotencyKey)),
      flaky: fromStep(() => (isWell() ? Promise.resolve() : Promise.reject(new Error('not well')))),
    },
    guards: {
      works: ({ context: { mood } }) => /working|queued|pausing/.test(mood),
      fails: ({ context: { mood } }) => mood === 'backing off',
    },
  }).createMachine({
    id: 'job',
    context: ({ input }) => ({ mood: input, got: [] }),
    initial: 'begun',
    on: { ADD: { actions: assign({ got: ({ context, event }) => [...context.got, event.n] }) } },
    states: {
      begun: { always: [{ guard: 'works', target: 'working' }, { guard: 'fails', target: 'failing' }, { target: 'open' }] },
      working: { invoke: { src: 'work', onDone: 'open' } },
      failing: { invoke: { src: 'flaky', onDone: 'open' } },
      open: { on: { GO: 'done' } },
      done: { type: 'final' },
    },
  })

class Overtaken {
  readonly #clock = new SimulatedClock()
  readonly #store = faultyStore(memoryStore())
  readonly #steps: (() => void)[] = []
  readonly #starts = new Map<string, number>()
  readonly #answers: { readonly deed: string; isThere: boolean }[] = []
  readonly #sent: { readonly n: number; readonly status: string }[] = []
  readonly wrong: string[] = []
  #runtime!: Runtime
  #execution!: ExecutionHandle
  #isWell = false
  #n = 0

  /** Undefined: there were not so many calls. */
  async run(standing: Standing, first: Deed, { when, nth }: Delay, second: Deed): Promise<readonly string[] | undefined> {
    await this.#begin(standing)
    this.#store.inject({ kind: 'hang', call: [...storeReads, ...storeWrites], when, nth })
    this.#do(first)
    await settled()
    const isReached = this.#store.waiting > 0
    if (isReached) {
      this.#do(second)
      await settled()
      this.#store.heal()
      await settled()
      await this.#end()
    }
    this.#store.heal()
    await this.#runtime.stop()
    return isReached ? this.wrong : undefined
  }

  async #begin(standing: Standing): Promise<void> {
    const program = machine(
      (key) => {
        this.#starts.set(key, (this.#starts.get(key) ?? 0) + 1)
        return new Promise((resolve) => this.#steps.push(resolve))
      },
      () => this.#isWell,
    )
    const work = defineEntryPoint({ id: 'work', program, maxConcurrent: 1, passivateAfter: 1_000, retry: { maxAttempts: 2 } })
    this.#runtime = createRuntime({ store: this.#store, clock: this.#clock, entryPoints: [work], pollInterval: 10_000 }) as never
    await this.#runtime.start()
    if (standing === 'queued') await this.#runtime.trigger('work', standing)
    this.#execution = await this.#runtime.trigger('work', standing)
    await settled()
    if (standing === 'passivated') await this.#clock.advance(1_000, settled)
    if (standing === 'paused') await this.#execution.pause()
    if (standing === 'pausing') this.#do('pause')
    this.#isWell = true
    await settled()
  }

  #do(deed: Deed): void {
    const answer = { deed, isThere: false }
    this.#answers.push(answer)
    const n = deed === 'send' ? ++this.#n : 0
    const call = deed === 'send' ? this.#execution.send({ type: 'ADD', n }) : this.#execution[deed]()
    void this.#checked(answer, n, call).catch((error: unknown) => this.wrong.push(`${deed} was refused: ${String(error)}`))
  }

  async #checked(
    answer: { readonly deed: Deed; isThere: boolean },
    n: number,
    call: Promise<{ readonly status: string; readonly revision?: number; readonly as?: string }>,
  ): Promise<void> {
    const { status, revision = 0, as } = await call
    answer.isThere = true
    if (n > 0) this.#sent.push({ n, status })
    const stored = await this.#store.load(this.#execution.id)
    const isTrue =
      stored !== undefined &&
      revision <= stored.revision &&
      (status !== 'cancelled' || stored.status === 'cancelled') &&
      (as ?? stored.status) === stored.status
    if (!isTrue)
      this.wrong.push(
        `${answer.deed} was answered ${status}@${revision} as ${as}, and it is ${stored?.status}@${stored?.revision}`,
      )
  }

  /** Lets it come to its end, and looks at what it has become. */
  async #end(): Promise<void> {
    for (let round = 0; round < 3; round++) {
      for (const end of this.#steps.splice(0)) end()
      await settled()
      const { status } = (await this.#store.load(this.#execution.id)) ?? {}
      if (status && isTerminal(status)) break
      if (round === 0) await this.#clock.advance(2_000, settled)
      this.#answersAreThere()
      const goesOn = status === 'paused' ? await this.#execution.resume() : undefined
      if (goesOn) await settled()
      if (round > 0) await this.#execution.send({ type: 'GO' })
    }
    await settled()
    this.#answersAreThere()
    const record = await this.#execution.get()
    if (!('context' in record) || !isTerminal(record.status)) return void this.wrong.push(`it does not end: ${record.status}`)
    // one that never ran has no context
    const { got } = (record.context ?? { got: [] }) as { got: readonly number[] }
    const kept = this.#sent.filter(
      ({ status }) => status === 'delivered' || (status === 'queued' && record.status === 'completed'),
    )
    if (got.some((n, index) => index > 0 && n <= (got[index - 1] as number))) this.wrong.push(`the events came as ${got.join()}`)
    for (const { n, status } of kept) if (!got.includes(n)) this.wrong.push(`event ${n} was ${status}, and is lost`)
    for (const [key, times] of this.#starts) if (times > 1) this.wrong.push(`${key} ran ${times} times`)
    const [counted, stored] = [this.#runtime.registry.streams.getSnapshot().context['work'], (await this.#store.counts())['work']]
    if (notZero(counted) !== notZero(stored))
      this.wrong.push(`the registry counts ${notZero(counted)}, the store ${notZero(stored)}`)
  }

  #answersAreThere(): void {
    for (const { deed, isThere } of this.#answers) if (!isThere) this.wrong.push(`${deed} has no answer`)
  }
}

/** Does one thing after the other while the answer to a call of the first is on its way; what is wrong then. Undefined: there were not so many calls. */
export const overtaken = (standing: Standing, first: Deed, delay: Delay, second: Deed) =>
  new Overtaken().run(standing, first, delay, second)
