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

/** By what they show. */
export const keptScripts: Readonly<Record<string, Script>> = {
  'a resume whose commits fail is answered by what is durable, and so is a send after it': {
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
    seed: 1,
    streams: [stream('event'), stream('step', 1_000)],
    lines: [trigger(1, 1), trigger(1, 1, 3), { do: 'takeover', atWrite: false, turns: 2 }],
  },
  'a program that ended in a process that lost its store, while it was to pause, has completed': {
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
}
