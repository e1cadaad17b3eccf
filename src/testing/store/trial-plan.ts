/**
 * Which faults come when in a trial.
 *
 * Owns: one plan for each kind of fault, one for a store that is away for a while, and one for a process that freezes.
 * All are drawn from the trial's own random numbers, so that a seed repeats them.
 */
import { storeCalls, storeReads, storeWrites, type StoreCall } from './store-call.js'
import { hittable, type StoreFault } from './store-fault.js'
import type { FaultyStore } from './faulty-store.js'

/** What a plan may do to a trial. */
export interface TrialStage {
  readonly processes: readonly { readonly store: FaultyStore }[]
  /** A number in [0, 1), of the trial's seed. */
  readonly random: () => number
  /** Lets time pass, in ms. */
  pass(ms: number): Promise<void>
  /** A further process begins, and gets all calls from now on. */
  begin(): Promise<void>
}

/** A plan; `name` completes the sentence "while …". */
export interface TrialPlan {
  readonly name: string
  /** Called before each line of the script. */
  before(stage: TrialStage, line: number): Promise<void> | void
}

/** Closing is no part of a trial: the runtime does it last, and it has no other effect. */
const callable = storeCalls.filter((call) => call !== 'close')

/**
 * A lagging `inbox` brings messages that were consumed, and a lagging `answer` loses sight of a question: these two must
 * be read from where they were written.
 */
const mayLag = storeReads.filter((call) => call !== 'inbox' && call !== 'answer')

/** The plans, in the order in which they are tried. */
export const trialPlans: readonly TrialPlan[] = [
  { name: 'nothing fails', before: () => undefined },
  scattered('calls throw before their effect', callable, (call, which) => ({ kind: 'throw', call, ...which })),
  scattered('calls throw after their effect', callable, (call, which) => ({ kind: 'throw', call, when: 'after', ...which })),
  scattered('calls hang before their effect', callable, (call, which) => ({ kind: 'hang', call, ...which })),
  scattered('calls hang after their effect', callable, (call, which) => ({ kind: 'hang', call, when: 'after', ...which })),
  scattered('batches are written in part', hittable.torn, (call, which) => ({ kind: 'torn', call, ...which })),
  scattered('calls are carried out twice', hittable.duplicate, (call, which) => ({ kind: 'duplicate', call, ...which })),
  scattered('reads lag behind', mayLag, (call, { nth, times }) => ({ kind: 'stale', call, nth, times: times * 4 })),
  {
    name: 'the store is away for a while',
    before({ processes: [first] }, line) {
      if (line === 4) first?.store.inject({ kind: 'throw', call: callable })
      if (line === 8) first?.store.heal()
    },
  },
  {
    name: 'a process freezes and another one takes over',
    async before(stage, line) {
      const [frozen] = stage.processes
      const when = stage.random() < 0.5 ? 'before' : 'after'
      // what it is asked then is still taken up: its commits are on their way when it freezes
      const late = callable.filter((call) => call !== 'load' && call !== 'claim')
      if (line === 5) frozen?.store.inject({ kind: 'hang', call: late, when })
      if (line === 6) {
        await stage.pass(20_000)
        await stage.begin()
        // it watches the lease that nobody prolongs before it takes over
        await stage.pass(9_900)
      }
      if (line === 9) frozen?.store.heal()
    },
  },
]

/** Faults on calls that are drawn before each line: commits as often as all others together. */
function scattered(
  name: string,
  calls: readonly StoreCall[],
  fault: (call: StoreCall, which: { nth: number; times: number }) => StoreFault,
): TrialPlan {
  const writes = calls.filter((call) => (storeWrites as readonly StoreCall[]).includes(call))
  return {
    name,
    before({ processes: [first], random }) {
      first?.store.release()
      const pick = (from: readonly StoreCall[]) => from[Math.floor(random() * from.length)] as StoreCall
      const which = () => ({ nth: 1 + Math.floor(random() * 3), times: 1 + Math.floor(random() * 3) })
      if (calls.includes('commit') && random() < 0.6) first?.store.inject(fault('commit', which()))
      if (writes.length > 0 && random() < 0.5) first?.store.inject(fault(pick(writes), which()))
      if (random() < 0.8) first?.store.inject(fault(pick(calls), which()))
    },
  }
}
