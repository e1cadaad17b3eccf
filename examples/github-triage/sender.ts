/**
 * The sender as a process of its own: plays GitHub for the receiver that has started it, says what came of it, and ends with it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { readPayloads } from './payloads.js'
import { sendAll } from './sending.js'

const { TRIAGE_URL: url = '', TRIAGE_SECRET: secret = '' } = process.env
// whoever has started it is gone, killed perhaps: the next one starts a sender of its own
process.once('disconnect', () => process.exit(1))
// a Ctrl+C is the receiver's, which ends this process when it ends
process.on('SIGINT', () => undefined)

const account = await sendAll(readPayloads(), { url, secret, send: fetch, wait: sleep })
process.send?.(account, () => process.disconnect())
