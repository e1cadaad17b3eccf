/** Streams this file's own words; a reader goes away in the middle and comes back. */
import { fileURLToPath } from 'node:url'
import { createRuntime, defineEntryPoint } from 'stateward'
import { memoryStore } from 'stateward/memory'
import { answer } from './answer.js'
import { readOn, unread } from './reader.js'

const answers = defineEntryPoint({ id: 'answers', program: answer })
const runtime = createRuntime({ store: memoryStore(), entryPoints: [answers] })
await runtime.start()
const execution = await runtime.trigger('answers', { file: fileURLToPath(import.meta.url), pace: 10 })
const half = await readOn(execution, unread, 20)
process.stdout.write(`${half.text}\n… the reader goes away at offset ${half.since}, and comes back:\n`)
const whole = await readOn(execution, half)
process.stdout.write(`${whole.text.slice(half.text.length)}\n`)
await runtime.stop()
