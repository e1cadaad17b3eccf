/** Random scripts that a law once failed on, cut to what matters. Owns them; `kept-scripts.test.ts` runs them. */
import type { StateSpec } from './random-program.js'
import type { Line, Script, StreamSpec } from './script.js'

const state = (kind: StateSpec['kind']): StateSpec => ({ kind, skip: 0, onError: 'fail', delay: 0, heeds: false })

const stream = (kind: StateSpec['kind'], passivateAfter = 30_000): StreamSpec => ({
  program: { states: [state(kind)], rich: false, poisoned: false },
  options: { maxConcurrent: 1, compensates: false, checkpoints: 0, passivateAfter, pausedTimers: 'freeze' },
})

const trigger = (of: number, key: number | undefined, turns?: Line['turns']): Line => ({
  do: 'trigger',
  stream: of,
  key,
  priority: 0,
  bad: false,
  turns,
})

const resume: Line = { do: 'resume', target: 0, turns: undefined }

/** A state with two steps that don't heed, of which one that fails ends the program's attempt. */
const pairStream: StreamSpec = {
  ...stream('pair'),
  options: { ...stream('pair').options, retry: { maxAttempts: 2, onExhausted: 'fail' } },
}

/** A state with a step that fails if it may have begun before. */
const onceStream: StreamSpec = {
  program: { states: [{ ...state('once'), onRecovery: 'fail' }], rich: false, poisoned: false },
  options: { ...stream('once').options, maxConcurrent: 3 },
}

/** By what they show. `property`: how what they broke begins, if it is not the law's first one. */
export const keptScripts: Readonly<Record<string, Script & { readonly law: number; readonly property?: string }>> = {
  'a step that must not run twice unasked is in doubt also in the process after the one that had no slot for it': {
    law: 3,
    seed: 1,
    isUneven: true,
    streams: [onceStream, stream('step')],
    lines: [
      trigger(0, undefined, 3),
      resume,
      { do: 'fork', target: 3, turns: 'same' },
      { do: 'scope', stream: 1, call: 'pause', mode: 'boundary', timeout: 1_000, turns: undefined },
      { do: 'scope', stream: 0, call: 'pause', mode: 'boundary', turns: 3 },
      { do: 'crash', turns: 0 },
      { do: 'restart', turns: undefined },
    ],
  },
  'a pause between two attempts waits for the step that the first one has left running': {
    law: 1,
    seed: 1,
    streams: [pairStream, stream('event')],
    lines: [
      trigger(0, undefined),
      { do: 'step', nth: 0, ok: false, turns: undefined },
      { do: 'pause', target: 0, mode: 'boundary', turns: undefined },
    ],
  },
  'a resume whose commits fail is answered by what is durable, and so is a send after it': {
    law: 8,
    seed: 1,
    streams: [stream('event'), stream('step', 0)],
    lines: [
      trigger(0, undefined),
      { do: 'pause', target: 0, mode: 'boundary', turns: undefined },
      { do: 'fault', operation: 'commit', when: 'before', count: 2, turns: undefined },
      { do: 'step', nth: 0, ok: false, turns: undefined },
      resume,
      resume,
      { do: 'send', target: 0, type: 'PING', bad: false, turns: undefined },
      resume,
    ],
  },
  'a trigger whose key is taken, in a process that is frozen as it writes and taken over, names the execution that has the key': {
    law: 7,
    seed: 1,
    streams: [stream('event'), stream('step', 1_000)],
    lines: [trigger(1, 1), trigger(1, 1, 3), { do: 'takeover', atWrite: false, turns: 2 }],
  },
  'a program that ended in a process that lost its store, while it was to pause, has completed': {
    law: 1,
    seed: 1,
    streams: [stream('step'), stream('event')],
    lines: [
      trigger(0, undefined),
      { do: 'pause', target: 0, mode: 'boundary', turns: undefined },
      { do: 'fault', operation: 'commit', when: 'after', count: 1, turns: 'same' },
      { do: 'fault', operation: 'commit', when: 'before', count: 1, turns: 'same' },
      { do: 'step', nth: 0, ok: true, turns: undefined },
      { do: 'cancel', target: 0, turns: undefined },
    ],
  },
  'a resume by way of one process takes back the pause by way of another, which was frozen with it under way': {
    law: 8,
    seed: 1,
    streams: [stream('step', 0), stream('step', 0)],
    lines: [
      trigger(0, undefined),
      { do: 'pause', target: 0, mode: 'boundary', turns: 0 },
      { ...resume, turns: 'same' },
      { do: 'takeover', atWrite: false, turns: undefined },
      { do: 'unknown', call: 'pause', turns: undefined },
      { do: 'advance', ms: 1, turns: undefined },
      resume,
    ],
  },
  'a step is tried again in a process that was frozen and is told to pause at once as it wakes: no attempt begins after its signal':
    {
      law: 7,
      seed: 817205621,
      streams: [
        { ...stream('twice'), program: { states: [{ ...state('twice'), heeds: true }], rich: false, poisoned: false } },
        stream('event'),
        stream('event'),
      ],
      lines: [
        trigger(0, undefined),
        { do: 'advance', ms: 30_000, turns: undefined },
        { do: 'step', nth: 0, ok: false, turns: undefined },
        { do: 'send', target: 0, type: 'NEXT', bad: false, through: 0, turns: 'microtask' },
        { do: 'takeover', atWrite: false, turns: undefined },
        { do: 'pause', target: 'same', mode: 'now', turns: undefined },
        { do: 'advance', ms: 500, turns: undefined },
      ],
    },
  'a pause while a step starts an execution keeps the slot until that rests as well, and no longer': {
    law: 2,
    seed: 393029217,
    streams: [
      { ...stream('step'), program: { states: [state('step'), state('execution')], rich: false, poisoned: false } },
      stream('step'),
    ],
    lines: [
      trigger(0, undefined),
      { do: 'step', nth: 0, ok: true, turns: 4 },
      { do: 'pause', target: 'same', mode: 'boundary', turns: undefined },
    ],
  },
  'a resume takes back the pause before it and not the one after it, by way of another process, and tells no revision that is paused':
    {
      law: 8,
      seed: 21,
      streams: [stream('event'), stream('event')],
      lines: [
        trigger(0, undefined),
        { do: 'join', turns: undefined },
        { do: 'pause', target: 'same', mode: 'boundary', turns: 'microtask' },
        { do: 'resume', target: 'same', turns: undefined },
        { do: 'pause', target: 0, mode: 'boundary', turns: undefined },
      ],
    },
  'a pause that comes close behind a resume holds for what stands below as well, on a store whose calls are uneven': {
    law: 8,
    seed: 6,
    isUneven: true,
    streams: [
      { ...stream('execution'), options: { ...stream('execution').options, maxConcurrent: 3 } },
      { ...stream('event'), options: { ...stream('event').options, maxConcurrent: 3 } },
    ],
    lines: [
      trigger(0, undefined),
      { do: 'pause', target: 0, mode: 'boundary', turns: undefined },
      { ...resume, turns: 'same' },
      { do: 'pause', target: 0, mode: 'boundary', turns: 'same' },
      { do: 'unknown', call: 'get', turns: undefined },
    ],
  },
  'a resume that comes before a pause may be answered after it': {
    law: 8,
    seed: 2147483640,
    streams: [stream('event'), stream('event')],
    lines: [
      trigger(0, undefined),
      { do: 'unknown', call: 'get', turns: 1 },
      { ...resume, turns: 'microtask' },
      { do: 'pause', target: 0, mode: 'boundary', turns: undefined },
    ],
  },
  'a resume takes back the pause of a stream that has not come to its execution yet': {
    law: 4,
    seed: 876047785,
    streams: [stream('execution'), stream('step')],
    lines: [trigger(0, undefined), { do: 'scope', stream: 0, call: 'pause', turns: undefined }, { ...resume, target: 'same' }],
  },
  'a pause that comes close behind a resume of what another pause had begun to stop holds for what stands below as well': {
    law: 8,
    seed: 2147483632,
    streams: [
      stream('event'),
      {
        program: {
          states: [
            { ...state('child'), onError: 'go on', nameless: true },
            { ...state('execution'), skip: 1, onError: 'again' },
          ],
          rich: true,
          poisoned: false,
          slowActions: true,
        },
        options: {
          ...stream('event', 0).options,
          checkpoints: 2,
          pausedTimers: 'restart',
          retry: { maxAttempts: 2, onExhausted: 'fail' },
        },
      },
      {
        program: {
          states: [
            { ...state('timer'), skip: 1, delay: 25_000 },
            state('timer'),
            { ...state('step'), delay: 25_000, nameless: true },
          ],
          rich: false,
          poisoned: false,
          slowActions: true,
        },
        options: { ...stream('event').options, maxConcurrent: 3, checkpoints: 2 },
      },
    ],
    lines: [
      trigger(1, 1),
      { do: 'step', nth: 0, ok: true, turns: undefined },
      { do: 'send', target: 'same', type: 'PING', bad: false, through: 0, turns: 0 },
      { do: 'advance', ms: 5_000, turns: 0 },
      { do: 'send', target: 'same', type: 'PING', bad: false, through: 0, turns: 2 },
      { do: 'restart', turns: 'microtask' },
      { do: 'pause', target: 4, mode: 'boundary', turns: 1 },
      { ...resume, turns: 0 },
      { do: 'pause', target: 0, mode: 'boundary', turns: undefined },
    ],
  },
  'a program that fails by itself just as it is told to make good what it has done is cancelled with that error': {
    law: 1,
    seed: 1,
    streams: [
      {
        program: { states: [state('spawned')], rich: false, poisoned: false, slowActions: true },
        options: { ...stream('spawned').options, compensates: true },
      },
    ],
    lines: [
      trigger(0, undefined),
      { do: 'cancel', target: 'same', turns: 2 },
      { do: 'step', nth: 0, ok: false, turns: undefined },
    ],
  },
  'a pause by way of another process is told from the store, also before its holder knows that it is durable': {
    law: 4,
    seed: 102,
    streams: [stream('event', 0)],
    lines: [
      trigger(0, undefined),
      { do: 'join', turns: undefined },
      { do: 'pause', target: 'same', mode: 'boundary', turns: 3 },
      { do: 'send', target: 'same', type: 'PING', bad: false, through: 0, turns: 3 },
      { do: 'send', target: 0, type: 'PING', bad: false, through: 1, turns: undefined },
    ],
  },
  'a step that does not heed a pause at once has its whole time to end, also when the clock is set forward, and is not begun beside it':
    {
      law: 1,
      seed: 1,
      streams: [stream('step', 0), stream('step', 0), stream('step', 0)],
      lines: [
        trigger(1, undefined),
        { do: 'pause', target: 'same', mode: 'now', turns: 0 },
        trigger(0, undefined),
        { ...resume, target: 'same' },
        { do: 'send', target: 'same', type: 'PING', bad: false, through: 0, turns: undefined },
        { do: 'jump', ms: 1_000, turns: 0 },
        trigger(0, undefined, 0),
        trigger(0, undefined),
        { do: 'send', target: 'same', type: 'PING', bad: false, through: 0, turns: 'same' },
      ],
    },
  'a resume of a stream holds that comes while the store takes its time over the pause before it': {
    law: 1,
    seed: 1,
    streams: [stream('step', 0), stream('step', 0), stream('step', 0)],
    lines: [
      { do: 'fault', operation: 'commit', when: 'slow', count: 1, turns: undefined },
      trigger(0, undefined, 0),
      { do: 'scope', stream: 0, call: 'pause', turns: 'same' },
      { do: 'step', nth: 0, ok: false, turns: 0 },
      trigger(0, undefined, 0),
      { do: 'send', target: 'same', type: 'PING', bad: false, through: 0, turns: undefined },
      trigger(0, undefined, 'same'),
      { do: 'step', nth: 0, ok: false, turns: 0 },
    ],
  },
  'an attempt that falls due while the execution is on its way out of memory begins where it is taken up next, and only there': {
    law: 1,
    seed: 2_147_483_641,
    streams: [
      { ...stream('step', 0), options: { ...stream('step', 0).options, retry: { maxAttempts: 2, onExhausted: 'fail' } } },
    ],
    lines: [
      { do: 'advance', ms: 5_000, turns: undefined },
      trigger(0, 0),
      { do: 'fault', operation: 'commit', when: 'slow', count: 2, turns: undefined },
      { do: 'join', turns: undefined },
      { do: 'step', nth: 1, ok: false, turns: undefined },
    ],
  },
  'what makes good what it has done beside what ends each process that runs it is not blamed with that': {
    law: 1,
    property: 'law 1, where an execution ends',
    seed: 1_883_336_556,
    streams: [
      { ...stream('killer'), options: { ...stream('killer').options, maxConcurrent: 3 } },
      { ...stream('child', 1_000), options: { ...stream('child', 1_000).options, compensates: true } },
      stream('execution', 1_000),
    ],
    lines: [trigger(1, 1), { do: 'cancel', target: 'same', turns: undefined }, trigger(0, 2)],
  },
  'a pause whose time is up at once comes after a resume that was asked for before it': {
    law: 4,
    seed: 288518879,
    isUneven: true,
    streams: [
      {
        program: {
          states: [{ kind: 'timer', skip: 0, onError: 'go on', delay: 1000, heeds: false, onRecovery: 'fail', nameless: false }],
          rich: false,
          poisoned: false,
          slowActions: false,
        },
        options: {
          maxConcurrent: 3,
          compensates: true,
          checkpoints: 2,
          passivateAfter: 0,
          pausedTimers: 'restart',
          retry: { maxAttempts: 1, onExhausted: 'pause' },
        },
      },
      {
        program: {
          states: [{ kind: 'event', skip: 1, onError: 'fail', delay: 0, heeds: false, onRecovery: 'hold', nameless: true }],
          rich: false,
          poisoned: false,
          slowActions: true,
        },
        options: {
          maxConcurrent: 2,
          compensates: false,
          checkpoints: 1,
          passivateAfter: 0,
          pausedTimers: 'freeze',
          retry: { maxAttempts: 1, onExhausted: 'fail' },
          timeout: 90000,
        },
      },
      {
        program: {
          states: [{ kind: 'ring', skip: 0, onError: 'go on', delay: 25000, heeds: true, onRecovery: 'fail', nameless: true }],
          rich: true,
          poisoned: false,
          slowActions: true,
        },
        options: {
          maxConcurrent: 3,
          compensates: true,
          checkpoints: 2,
          passivateAfter: 0,
          pausedTimers: 'run',
          retry: { maxAttempts: 1, onExhausted: 'pause' },
          timeout: 90000,
        },
      },
    ],
    lines: [
      { do: 'trigger', stream: 0, key: 0, priority: 2, bad: false, turns: undefined },
      { do: 'scope', stream: 'all', call: 'pause', mode: 'boundary', turns: undefined },
      { do: 'resume', target: 'same', turns: 0 },
      { do: 'pause', target: 'same', mode: 'boundary', timeout: 0, turns: 'same' },
      { do: 'advance', ms: 30000, turns: undefined },
    ],
  },
  'every pause of a stream that could not be read in one poll is reported': {
    law: 9,
    seed: 1030732455,
    streams: [
      {
        program: {
          states: [{ kind: 'spawned', skip: 1, onError: 'fail', delay: 1000, heeds: false, onRecovery: 'fail', nameless: true }],
          rich: true,
          poisoned: true,
          slowActions: false,
        },
        options: {
          maxConcurrent: 2,
          compensates: true,
          checkpoints: 1,
          passivateAfter: 0,
          pausedTimers: 'restart',
          retry: { maxAttempts: 3, onExhausted: 'fail' },
          timeout: 90000,
        },
      },
      {
        program: {
          states: [{ kind: 'spawned', skip: 1, onError: 'go on', delay: 1000, heeds: false, onRecovery: 'hold', nameless: true }],
          rich: true,
          poisoned: false,
          slowActions: false,
        },
        options: {
          maxConcurrent: 2,
          compensates: false,
          checkpoints: 0,
          passivateAfter: 0,
          pausedTimers: 'freeze',
          retry: { maxAttempts: 1, onExhausted: 'fail' },
          timeout: 90000,
        },
      },
      {
        program: {
          states: [{ kind: 'timers', skip: 1, onError: 'go on', delay: 25000, heeds: true, onRecovery: 'hold', nameless: false }],
          rich: true,
          poisoned: false,
          slowActions: true,
        },
        options: {
          maxConcurrent: 2,
          compensates: false,
          checkpoints: 1,
          passivateAfter: 0,
          pausedTimers: 'restart',
          retry: { maxAttempts: 1, onExhausted: 'fail' },
          timeout: 90000,
        },
      },
    ],
    lines: [
      { do: 'fault', operation: 'any', when: 'before', count: 3, turns: undefined },
      { do: 'fault', operation: 'any', when: 'after', count: 1, turns: undefined },
      { do: 'jump', ms: -1000, turns: undefined },
      trigger(1, undefined, undefined),
      { do: 'advance', ms: 5000, turns: undefined },
    ],
  },
  'an execution that two commands take up at the same time, on a store whose answers overtake each other, is in memory once': {
    law: 2,
    property: 'law 2, where code',
    seed: 13584582,
    isUneven: true,
    streams: [
      {
        program: {
          states: [{ kind: 'timer', skip: 1, onError: 'fail', delay: 1000, heeds: false, onRecovery: 'fail', nameless: true }],
          rich: true,
          poisoned: false,
          slowActions: false,
          throws: { state: 2, place: 'delay' },
        },
        options: {
          maxConcurrent: 1,
          compensates: false,
          checkpoints: 1,
          passivateAfter: 0,
          pausedTimers: 'freeze',
          retry: { maxAttempts: 1, onExhausted: 'fail' },
          timeout: 90000,
        },
      },
      {
        program: {
          states: [{ kind: 'timers', skip: 0, onError: 'go on', delay: 1000, heeds: false, onRecovery: 'fail', nameless: true }],
          rich: false,
          poisoned: false,
          slowActions: false,
        },
        options: { maxConcurrent: 1, compensates: true, checkpoints: 0, passivateAfter: 1000, pausedTimers: 'freeze' },
      },
      {
        program: {
          states: [{ kind: 'step', skip: 0, onError: 'again', delay: 1000, heeds: false, onRecovery: 'fail', nameless: true }],
          rich: false,
          poisoned: false,
          slowActions: true,
        },
        options: {
          maxConcurrent: 2,
          compensates: false,
          checkpoints: 1,
          passivateAfter: 30000,
          pausedTimers: 'freeze',
          retry: { maxAttempts: 1, onExhausted: 'pause' },
          timeout: 90000,
        },
      },
    ],
    lines: [
      { do: 'unknown', call: 'pause', turns: undefined },
      { do: 'scope', stream: 'all', call: 'resume', mode: 'now', turns: undefined },
      { do: 'scope', stream: 'all', call: 'pause', mode: 'now', turns: undefined },
      { do: 'trigger', stream: 0, key: 2, priority: 1, bad: false, turns: undefined },
      { do: 'resume', target: 7, turns: undefined },
      { do: 'trigger', stream: 0, key: 0, priority: 1, bad: false, turns: undefined },
      { do: 'pause', target: 'same', mode: 'boundary', turns: 1 },
      { do: 'trigger', stream: 0, key: 1, priority: 0, bad: false, turns: 4 },
      { do: 'scope', stream: 1, call: 'resume', mode: 'boundary', turns: 'same' },
      { do: 'scope', stream: 'all', call: 'cancel', mode: 'now', timeout: 1000, turns: 'same' },
      { do: 'scope', stream: 'all', call: 'cancel', mode: 'now', turns: undefined },
    ],
  },
  'an event that is still on its way into the inbox when its execution is paused between two attempts is not overtaken': {
    law: 5,
    seed: 1641520190,
    isUneven: true,
    streams: [
      {
        program: {
          states: [
            {
              kind: 'once',
              skip: 0,
              onError: 'fail',
              delay: 25000,
              heeds: true,
              lingers: true,
              onRecovery: 'hold',
              nameless: true,
            },
          ],
          rich: false,
          poisoned: false,
          slowActions: false,
          undoes: 'step',
        },
        options: {
          maxConcurrent: 3,
          compensates: true,
          checkpoints: 0,
          passivateAfter: 1000,
          pausedTimers: 'freeze',
          retry: { maxAttempts: 2, onExhausted: 'fail' },
        },
      },
      {
        program: {
          states: [
            {
              kind: 'execution',
              skip: 0,
              onError: 'go on',
              delay: 0,
              heeds: true,
              lingers: true,
              onRecovery: 'fail',
              nameless: true,
            },
          ],
          rich: false,
          poisoned: false,
          slowActions: true,
          undoes: 'pair',
        },
        options: {
          maxConcurrent: 1,
          compensates: false,
          checkpoints: 0,
          passivateAfter: 1000,
          pausedTimers: 'restart',
          retry: { maxAttempts: 3, onExhausted: 'fail' },
        },
      },
      {
        program: {
          states: [
            {
              kind: 'timer',
              skip: 0,
              onError: 'go on',
              delay: 25000,
              heeds: true,
              lingers: true,
              onRecovery: 'fail',
              nameless: true,
            },
          ],
          rich: true,
          poisoned: false,
          slowActions: false,
          undoes: 'step',
        },
        options: {
          maxConcurrent: 1,
          compensates: true,
          checkpoints: 0,
          passivateAfter: 1000,
          pausedTimers: 'freeze',
          retry: { maxAttempts: 2, onExhausted: 'fail' },
        },
      },
    ],
    lines: [
      { do: 'trigger', stream: 0, key: undefined, priority: 1, bad: false, turns: undefined },
      { do: 'step', nth: 0, ok: false, turns: undefined },
      { do: 'fault', operation: 'any', when: 'slow', count: 1, turns: undefined },
      { do: 'send', target: 0, type: 'PING', bad: false, through: 0, turns: undefined },
      { do: 'pause', target: 2, mode: 'boundary', timeout: 1000, turns: 'same' },
      { do: 'send', target: 'same', type: 'PING', bad: false, through: 0, turns: undefined },
      { do: 'send', target: 0, type: 'PING', bad: false, through: 0, turns: undefined },
    ],
  },
  'a pause at once waits for a step that still runs here also after a failing store has put its execution back': {
    law: 1,
    seed: 511456894,
    isUneven: false,
    streams: [
      {
        program: {
          states: [
            {
              kind: 'step',
              skip: 1,
              onError: 'fail',
              delay: 1000,
              heeds: false,
              lingers: true,
              onRecovery: 'hold',
              nameless: true,
            },
          ],
          rich: true,
          poisoned: false,
          slowActions: true,
          undoes: 'at once',
        },
        options: {
          maxConcurrent: 3,
          compensates: true,
          checkpoints: 0,
          passivateAfter: 30000,
          pausedTimers: 'freeze',
          retry: { maxAttempts: 2, onExhausted: 'pause' },
        },
      },
      {
        program: {
          states: [
            {
              kind: 'callback',
              skip: 0,
              onError: 'fail',
              delay: 25000,
              heeds: true,
              lingers: true,
              onRecovery: 'fail',
              nameless: false,
            },
          ],
          rich: true,
          poisoned: false,
          slowActions: true,
          undoes: 'at once',
        },
        options: {
          maxConcurrent: 1,
          compensates: true,
          checkpoints: 2,
          passivateAfter: 1000,
          pausedTimers: 'freeze',
          retry: { maxAttempts: 1, onExhausted: 'pause' },
          timeout: 90000,
        },
      },
      {
        program: {
          states: [
            {
              kind: 'step',
              skip: 0,
              onError: 'fail',
              delay: 0,
              heeds: false,
              lingers: true,
              onRecovery: 'hold',
              nameless: false,
            },
          ],
          rich: false,
          poisoned: false,
          slowActions: false,
          undoes: 'pair',
        },
        options: {
          maxConcurrent: 1,
          compensates: false,
          checkpoints: 0,
          passivateAfter: 30000,
          pausedTimers: 'restart',
          retry: { maxAttempts: 1, onExhausted: 'fail' },
          timeout: 90000,
        },
      },
    ],
    lines: [
      { do: 'trigger', stream: 0, key: undefined, priority: 2, bad: false, turns: undefined },
      { do: 'pause', target: 'same', mode: 'now', turns: 4 },
      { do: 'send', target: 0, type: 'PING', bad: false, through: 1, turns: 3 },
      { do: 'fault', operation: 'commit', when: 'before', count: 2, turns: undefined },
    ],
  },
  'an event that two attempts have taken, one close behind the other, is with the next one once': {
    law: 5,
    seed: 189126122,
    isUneven: false,
    streams: [
      {
        program: {
          states: [
            {
              kind: 'callback',
              skip: 0,
              onError: 'fail',
              delay: 0,
              heeds: false,
              lingers: false,
              onRecovery: 'fail',
              nameless: false,
            },
          ],
          rich: false,
          poisoned: false,
          slowActions: true,
          undoes: 'step',
          throws: { state: 0, place: 'output' },
        },
        options: {
          maxConcurrent: 1,
          compensates: true,
          checkpoints: 0,
          passivateAfter: 1000,
          pausedTimers: 'freeze',
          retry: { maxAttempts: 2, onExhausted: 'pause' },
        },
      },
      {
        program: {
          states: [
            {
              kind: 'step',
              skip: 0,
              onError: 'fail',
              delay: 0,
              heeds: false,
              lingers: false,
              onRecovery: 'fail',
              nameless: true,
            },
          ],
          rich: true,
          poisoned: false,
          slowActions: true,
          undoes: 'at once',
        },
        options: {
          maxConcurrent: 2,
          compensates: false,
          checkpoints: 0,
          passivateAfter: 1000,
          pausedTimers: 'run',
          retry: { maxAttempts: 2, onExhausted: 'fail' },
        },
      },
      {
        program: {
          states: [
            {
              kind: 'step',
              skip: 0,
              onError: 'again',
              delay: 0,
              heeds: true,
              lingers: false,
              onRecovery: 'hold',
              nameless: true,
            },
          ],
          rich: false,
          poisoned: false,
          slowActions: false,
          undoes: 'step',
        },
        options: {
          maxConcurrent: 2,
          compensates: true,
          checkpoints: 0,
          passivateAfter: 30000,
          pausedTimers: 'run',
          timeout: 90000,
        },
      },
    ],
    lines: [
      { do: 'trigger', stream: 0, key: 1, priority: 1, bad: false, turns: undefined },
      { do: 'crash', turns: undefined },
      { do: 'advance', ms: 30000, turns: undefined },
      { do: 'trigger', stream: 1, key: 1, priority: 0, bad: false, turns: 'same' },
      { do: 'scope', stream: 'all', call: 'resume', mode: 'now', turns: 'same' },
      { do: 'send', target: 'same', type: 'PING', bad: false, through: 0, turns: 0 },
      { do: 'step', nth: 3, ok: true, turns: 1 },
      { do: 'send', target: 'same', type: 'NEXT', bad: false, through: 1, turns: 1 },
      { do: 'scope', stream: 0, call: 'cancel', mode: 'boundary', turns: 'same' },
      { do: 'trigger', stream: 0, key: 1, priority: 1, bad: false, turns: 'same' },
      { do: 'trigger', stream: 0, key: undefined, priority: 2, bad: false, turns: 2 },
      { do: 'advance', ms: 30000, turns: undefined },
    ],
  },
  'a compensation that has failed while a step of it ran is told to have ended once, and comes to its end': {
    law: 5,
    seed: 803456206,
    isUneven: true,
    streams: [
      {
        program: {
          states: [
            {
              kind: 'execution',
              skip: 1,
              onError: 'go on',
              delay: 25000,
              heeds: false,
              lingers: true,
              onRecovery: 'fail',
              nameless: true,
            },
          ],
          rich: true,
          poisoned: false,
          slowActions: true,
          undoes: 'pair',
        },
        options: {
          maxConcurrent: 1,
          compensates: true,
          checkpoints: 2,
          passivateAfter: 30000,
          pausedTimers: 'freeze',
          retry: { maxAttempts: 3, onExhausted: 'pause' },
        },
      },
      {
        program: {
          states: [
            {
              kind: 'step',
              skip: 1,
              onError: 'go on',
              delay: 25000,
              heeds: true,
              lingers: false,
              onRecovery: 'fail',
              nameless: true,
            },
            {
              kind: 'twice',
              skip: 1,
              onError: 'again',
              delay: 0,
              heeds: false,
              lingers: false,
              onRecovery: 'hold',
              nameless: false,
            },
            {
              kind: 'timers',
              skip: 1,
              onError: 'fail',
              delay: 1000,
              heeds: false,
              lingers: true,
              onRecovery: 'fail',
              nameless: false,
            },
          ],
          rich: true,
          poisoned: false,
          slowActions: false,
          undoes: 'pair',
        },
        options: {
          maxConcurrent: 2,
          compensates: false,
          checkpoints: 0,
          passivateAfter: 1000,
          pausedTimers: 'freeze',
          retry: { maxAttempts: 2, onExhausted: 'pause' },
        },
      },
      {
        program: {
          states: [
            {
              kind: 'timer',
              skip: 0,
              onError: 'go on',
              delay: 1000,
              heeds: true,
              lingers: false,
              onRecovery: 'fail',
              nameless: true,
            },
          ],
          rich: false,
          poisoned: false,
          slowActions: true,
          undoes: 'step',
        },
        options: {
          maxConcurrent: 1,
          compensates: true,
          checkpoints: 0,
          passivateAfter: 1000,
          pausedTimers: 'freeze',
          retry: { maxAttempts: 3, onExhausted: 'fail' },
          timeout: 90000,
        },
      },
    ],
    lines: [
      { do: 'trigger', stream: 0, key: 2, priority: 2, bad: false, turns: undefined },
      { do: 'pause', target: 'same', mode: 'boundary', turns: undefined },
      { do: 'step', nth: 1, ok: true, turns: undefined },
      { do: 'cancel', target: 2, timeout: 0, turns: undefined },
      { do: 'step', nth: 5, ok: false, turns: undefined },
    ],
  },
}
