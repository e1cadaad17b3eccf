/** Every assertion, by its chapter. Owns no behaviour. */
import type { Assertions } from './assertion.js'
import { data } from './data.js'
import { invokes } from './invokes.js'
import { queues } from './queues.js'
import { states } from './states.js'
import { transitions } from './transitions.js'

/** Chapter → assertions. */
export const chapters: Readonly<Record<string, Assertions>> = { queues, transitions, states, data, invokes }
