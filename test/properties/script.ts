/** Random scripts: what is set up, and what is done to it. Owns their shapes and how likely each command is. */
import * as fc from 'fast-check'
import { publishedTypes, type FiresSpec } from './fired.js'
import { gatheredIds, gathers, type Gathered, type GathersSpec } from './gathered.js'
import { DEEPEST, limits, type LimitsSpec } from './limited.js'
import { killerSpecs, programSpecs, shortSpecs, throwingSpecs, type ProgramSpec, type StateSpec } from './random-program.js'

/** One entry point. */
export interface StreamSpec {
  readonly program: ProgramSpec
  readonly options: {
    readonly maxConcurrent: number
    readonly compensates: boolean
    readonly checkpoints: number
    readonly passivateAfter: number
    readonly pausedTimers: 'freeze' | 'run' | 'restart'
    readonly retry?: { readonly maxAttempts: number; readonly onExhausted: 'fail' | 'pause' }
    readonly timeout?: number
  }
  /** How many of its executions run under one key, and start in a time; absent: as many as have slots. */
  readonly limits?: LimitsSpec
}

/** Counts the executions that were asked for, modulo how many there are; or the one that the last command was about. */
export type Target = number | 'same'

/** Each thing that is done. */
export type Command =
  | {
      readonly do: 'trigger'
      readonly stream: number
      readonly key: number | undefined
      readonly priority: number
      readonly bad: boolean
      /** In how many ms it is to start; absent: at once. */
      readonly startIn?: number
    }
  | {
      readonly do: 'send'
      readonly target: Target
      readonly type: 'PING' | 'NEXT'
      readonly bad: boolean
      /** Through which of the processes that live, from the last one; absent: that one. */
      readonly through?: number
    }
  /** `timeout`: for how long the answer is waited for, in ms; absent: as long as it takes. */
  | { readonly do: 'pause'; readonly target: Target; readonly mode: 'boundary' | 'now'; readonly timeout?: number | undefined }
  | { readonly do: 'cancel'; readonly target: Target; readonly timeout?: number | undefined }
  | { readonly do: 'resume' | 'retry' | 'fork' | 'result' | 'get'; readonly target: Target }
  | { readonly do: 'unknown'; readonly call: 'pause' | 'resume' | 'cancel' | 'result' | 'get' }
  | { readonly do: 'step'; readonly nth: number; readonly ok: boolean }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'crash' | 'restart' | 'thaw' | 'join' }
  | { readonly do: 'takeover'; readonly atWrite: boolean }
  | {
      readonly do: 'fault'
      readonly operation: 'commit' | 'any'
      readonly when: 'before' | 'after' | 'slow'
      readonly count: number
    }
  /** An event of the application's own; those of one number have one id and are the same. */
  | { readonly do: 'publish'; readonly type: (typeof publishedTypes)[number]; readonly number: number | undefined }
  /** A request of a sender, who sends it again until it is answered. */
  | { readonly do: 'deliver'; readonly key: number }
  /** A trigger that goes into an execution with others; those of one number have one idempotency key. */
  | {
      readonly do: 'gather'
      readonly into: Gathered
      readonly key: string
      readonly number: number | undefined
      readonly through: number
    }
  /** Waits for an event that fires. */
  | { readonly do: 'wait'; readonly timeout: number }
  /** The wall clock is set, and no time passes. */
  | { readonly do: 'jump'; readonly ms: number }
  /** About all executions of a stream, or of every one. */
  | {
      readonly do: 'scope'
      readonly stream: number | 'all'
      readonly call: 'pause' | 'resume' | 'cancel'
      readonly mode?: 'boundary' | 'now'
      readonly timeout?: number | undefined
    }

/**
 * A command, and for how many turns of the event loop the run goes on before the next; undefined: until it is quiet; `same`: the
 * next one comes in the same turn, before anything else does; `microtask`: a microtask later.
 */
export type Line = Command & { readonly turns: number | 'same' | 'microtask' | undefined }

/** One run. */
export interface Script {
  readonly seed: number
  /** Some store calls take much longer than others, by what is called; absent: all take about the same. */
  readonly isUneven?: boolean
  readonly streams: readonly StreamSpec[]
  /** What is fired besides. */
  readonly fires?: FiresSpec | undefined
  /** How triggers go into executions together. */
  readonly gathers?: GathersSpec | undefined
  readonly lines: readonly Line[]
}

const streamSpecs = (program: fc.Arbitrary<ProgramSpec>): fc.Arbitrary<StreamSpec> =>
  fc.record({
    program,
    options: fc.record(
      {
        maxConcurrent: fc.integer({ min: 1, max: 3 }),
        compensates: fc.boolean(),
        checkpoints: fc.integer({ min: 0, max: 2 }),
        passivateAfter: fc.constantFrom(0, 1_000, 30_000),
        pausedTimers: fc.constantFrom('freeze', 'run', 'restart'),
        retry: fc.record({ maxAttempts: fc.integer({ min: 1, max: 3 }), onExhausted: fc.constantFrom('fail', 'pause') }),
        timeout: fc.constant(90_000),
      },
      { requiredKeys: ['maxConcurrent', 'compensates', 'checkpoints', 'passivateAfter', 'pausedTimers'] },
    ),
  })

const target: fc.Arbitrary<Target> = fc.oneof(fc.nat({ max: 7 }), fc.constant('same' as const))
const stream = fc.nat({ max: 1 })

const trigger = fc.record({
  do: fc.constant('trigger' as const),
  stream,
  key: fc.option(fc.nat({ max: 2 }), { nil: undefined, freq: 3 }),
  priority: fc.nat({ max: 2 }),
  bad: fc.constant(false),
})
const send = fc.record({
  do: fc.constant('send' as const),
  target,
  type: fc.constantFrom('PING', 'PING', 'NEXT'),
  bad: fc.constant(false),
  through: fc.constantFrom(0, 0, 0, 1),
})
const timeout = fc.constantFrom(undefined, undefined, undefined, 0, 1_000)
const pause = fc.record({ do: fc.constant('pause' as const), target, mode: fc.constantFrom('boundary', 'now'), timeout })
const cancel = fc.record({ do: fc.constant('cancel' as const), target, timeout })
const resume = fc.record({ do: fc.constant('resume' as const), target })
const scope = fc.record({
  do: fc.constant('scope' as const),
  stream: fc.constantFrom(0, 1, 'all' as const),
  call: fc.constantFrom('pause', 'pause', 'pause', 'resume', 'resume', 'resume', 'cancel'),
  mode: fc.constantFrom('boundary', 'now'),
  timeout,
})
const kinds = {
  trigger,
  send,
  step: fc.record({ do: fc.constant('step' as const), nth: fc.nat({ max: 5 }), ok: fc.boolean() }),
  pause,
  call: fc.oneof(
    { weight: 2, arbitrary: cancel },
    { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('resume', 'retry', 'fork', 'result', 'get'), target }) },
  ),
  resume,
  unknown: fc.record({
    do: fc.constant('unknown' as const),
    call: fc.constantFrom('pause', 'resume', 'cancel', 'result', 'get'),
  }),
  advance: fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(1, 500, 5_000, 30_000) }),
  crash: fc.record({ do: fc.constantFrom('crash', 'crash', 'restart') }),
  takeover: fc.oneof(
    fc.record({ do: fc.constant('takeover' as const), atWrite: fc.boolean() }),
    fc.record({ do: fc.constant('thaw' as const) }),
  ),
  join: fc.record({ do: fc.constant('join' as const) }),
  fault: fc.record({
    do: fc.constant('fault' as const),
    operation: fc.constantFrom('commit', 'commit', 'any'),
    when: fc.constantFrom('before', 'after', 'slow'),
    count: fc.integer({ min: 1, max: 3 }),
  }),
  jump: fc.record({
    do: fc.constant('jump' as const),
    ms: fc.constantFrom(-3_600_000, -20_000, -1_000, 1_000, 20_000, 3_600_000),
  }),
  scope,
  publish: fc.record({
    do: fc.constant('publish' as const),
    type: fc.constantFrom(...publishedTypes),
    number: fc.option(fc.nat({ max: 3 }), { nil: undefined, freq: 2 }),
  }),
  deliver: fc.record({ do: fc.constant('deliver' as const), key: fc.nat({ max: 5 }) }),
  gather: fc.record({
    do: fc.constant('gather' as const),
    into: fc.constantFrom(...gatheredIds),
    key: fc.constantFrom('x', 'x', 'y'),
    number: fc.option(fc.nat({ max: 3 }), { nil: undefined, freq: 2 }),
    through: fc.constantFrom(0, 0, 1),
  }),
  wait: fc.record({ do: fc.constant('wait' as const), timeout: fc.constantFrom(0, 5_000, 60_000) }),
  later: fc.tuple(trigger, fc.constantFrom(-1_000, 2_000, 25_000, 25_000)).map(([command, startIn]) => ({ ...command, startIn })),
  badTrigger: trigger.map((command) => ({ ...command, bad: true })),
  badSend: send.map((command) => ({ ...command, bad: true })),
}

/** How likely each kind of command is. */
export type Weights = Partial<Record<keyof typeof kinds, number>>

const usual: Weights = { trigger: 6, later: 2, send: 5, step: 8, pause: 2, call: 3, resume: 2, advance: 3, unknown: 1 }

/** What programs of a script may do besides: come to hold what can't be stored, throw, or end their process. */
export type Wrong = 'poison' | 'throws' | 'kills' | undefined

/** Several calls in one turn, none of which waits for another; most are about one execution. */
const bursts: fc.Arbitrary<Line[]> = fc
  .tuple(
    fc.nat({ max: 7 }),
    fc.array(
      fc.oneof(
        { weight: 5, arbitrary: send.map((each) => ({ ...each, through: 0 })) },
        { weight: 2, arbitrary: pause },
        { weight: 2, arbitrary: resume },
        { weight: 1, arbitrary: cancel },
        { weight: 1, arbitrary: trigger },
        { weight: 1, arbitrary: scope },
      ) as fc.Arbitrary<Command>,
      { minLength: 3, maxLength: 6 },
    ),
    fc.constantFrom(undefined, 0, 2),
  )
  .map(([of, calls, turns]) =>
    calls.map((each, index): Line => ({
      ...('target' in each ? { ...each, target: index === 0 ? of : 'same' } : each),
      turns: index === calls.length - 1 ? turns : 'same',
    })),
  )

/** Triggers beside commands to many, in one turn: all about one stream. */
const crowds: fc.Arbitrary<Line[]> = fc
  .tuple(
    stream,
    fc.array(
      fc.oneof(
        { weight: 3, arbitrary: trigger },
        { weight: 4, arbitrary: scope },
        { weight: 1, arbitrary: send.map((each) => ({ ...each, through: 0 })) },
      ) as fc.Arbitrary<Command>,
      { minLength: 2, maxLength: 5 },
    ),
    fc.constantFrom(undefined, 0, 2),
  )
  .map(([of, calls, turns]) =>
    calls.map((each, index): Line => ({
      ...('stream' in each && each.stream !== 'all' ? { ...each, stream: of } : each),
      turns: index === calls.length - 1 ? turns : 'same',
    })),
  )

const fires: fc.Arbitrary<FiresSpec> = fc.record({
  period: fc.constantFrom(20_000, 60_000),
  missed: fc.constantFrom('once', 'all', 'all'),
})

/** Events that are published while somebody begins to wait for one: the store has some of them, and their process does not know it yet. */
const news: fc.Arbitrary<Line[]> = fc
  .array(
    fc.tuple(
      fc.oneof({ weight: 2, arbitrary: kinds.publish }, { weight: 1, arbitrary: kinds.wait }) as fc.Arbitrary<Command>,
      fc.constantFrom('same' as const, 'microtask' as const, 0, 1),
    ),
    { minLength: 3, maxLength: 6 },
  )
  .map((calls) => calls.map(([each, turns]): Line => ({ ...each, turns })))

/** A process that dies while it handles what has just come: events, or a tick that a slow or failing store holds up. */
const deaths: fc.Arbitrary<Line[]> = fc
  .tuple(
    fc.oneof(
      fc
        .tuple(fc.constantFrom('before' as const, 'slow' as const), fc.nat({ max: 3 }), fc.constantFrom(20_000, 60_000))
        .map(([when, more, ms]): Command[] => [
          { do: 'fault', operation: 'commit', when, count: 1 + more },
          { do: 'advance', ms },
        ]),
      fc.array(kinds.publish as fc.Arbitrary<Command>, { minLength: 1, maxLength: 3 }),
    ),
    fc.constantFrom('microtask' as const, 0, 1, 2, 3, 4, 6, 8),
  )
  .map(([comes, turns]) => [
    ...comes.map((each, index): Line => ({ ...each, turns: index === comes.length - 1 ? turns : 'same' })),
    { do: 'crash', turns: undefined },
  ])

/** What executions are started by besides, and how many of them at a time. */
export interface Started {
  /** Something fires: ticks, events, deliveries. */
  readonly isFired?: boolean
  /** With keys and rates. */
  readonly isLimited?: boolean
  /** Triggers go into executions together. */
  readonly isGathered?: boolean
}

/** Triggers that come together, of one key. */
const together: fc.Arbitrary<Line[]> = fc
  .tuple(kinds.gather, fc.array(fc.constantFrom('same' as const, 'microtask' as const, 0, 1, 3), { minLength: 2, maxLength: 7 }))
  .map(([gather, all]) => all.map((turns): Line => ({ ...gather, number: undefined, turns })))

/** Scripts with the usual commands, and those of `more`. */
export function scripts(
  more: Weights = {},
  wrong?: Wrong,
  { isFired = false, isLimited = false, isGathered = false }: Started = {},
): fc.Arbitrary<Script> {
  const weights = { ...usual, ...more }
  const command = fc.oneof(
    ...Object.entries(weights).map(([kind, weight]) => ({
      weight,
      arbitrary: kinds[kind as keyof typeof kinds] as fc.Arbitrary<Command>,
    })),
  )
  const line = fc
    .tuple(
      command,
      fc.oneof(
        { weight: 4, arbitrary: fc.constant(undefined) },
        { weight: 3, arbitrary: fc.nat({ max: 4 }) },
        { weight: 2, arbitrary: fc.constantFrom('same' as const, 'microtask' as const) },
      ),
    )
    .map(([each, turns]): Line => ({ ...each, turns }))
  const lines = fc.oneof(
    { weight: 12, arbitrary: line.map((each) => [each]) },
    { weight: 1, arbitrary: bursts },
    { weight: 1, arbitrary: crowds },
    ...(isFired ? [{ weight: 2, arbitrary: fc.oneof({ weight: 2, arbitrary: news }, { weight: 1, arbitrary: deaths }) }] : []),
    ...(isGathered ? [{ weight: 3, arbitrary: together }] : []),
  )
  return fc.record({
    seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    isUneven: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    streams: fc
      .tuple(
        streamSpecs(wrong === 'throws' ? throwingSpecs : wrong === 'kills' ? killerSpecs : programSpecs),
        streamSpecs(wrong === 'kills' ? shortSpecs : programSpecs),
        streamSpecs(programSpecs),
      )
      .map(([a, b, c]) => [wrong === 'poison' ? poisoned(a) : a, b, c])
      .chain((specs) =>
        isLimited
          ? fc.tuple(limits, limits, limits).map((all) => specs.map((spec, n) => limited(spec, all[n] as LimitsSpec)))
          : fc.constant(specs),
      ),
    fires: isFired ? fires : fc.constant(undefined),
    ...(isGathered ? { gathers } : {}),
    lines: fc.array(lines, { minLength: 5, maxLength: 28, size: 'max' }).map((each) => each.flat()),
  })
}

/** With limits; what nests starts something of its own at its end, and has slots for all that have permits. */
function limited({ program, options }: StreamSpec, limitsOfIt: LimitsSpec): StreamSpec {
  if (!limitsOfIt.nests) return { program, options, limits: limitsOfIt }
  const states = [...program.states.slice(0, -1), { ...(program.states.at(-1) as StateSpec), kind: 'execution' as const }]
  return { program: { ...program, states }, options: { ...options, maxConcurrent: 2 * (DEEPEST + 1) }, limits: limitsOfIt }
}

const poisoned = (spec: StreamSpec): StreamSpec => ({ ...spec, program: { ...spec.program, poisoned: true, undoes: 'step' } })
