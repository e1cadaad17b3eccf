/**
 * Starts the sender, a process of its own, and hears from it how the deliveries went.
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { SendingAccount } from './sending.js'

/** A sender at work. */
export interface SenderProcess {
  /** Resolves with its account; rejects if it ends without one. */
  readonly account: Promise<SendingAccount>
  /** Ends it, if it has not ended. */
  stop(): void
}

/** Starts a sender that delivers to the server at `url`. */
export function startSender(url: string, secret: string): SenderProcess {
  const child = fork(fileURLToPath(new URL('sender.js', import.meta.url)), {
    env: { ...process.env, TRIAGE_URL: url, TRIAGE_SECRET: secret },
  })
  const account = new Promise<SendingAccount>((resolve, reject) => {
    child.once('message', (message) => resolve(message as SendingAccount))
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`The sender has ended with ${code ?? signal}.`)))
  })
  return { account, stop: () => void child.kill('SIGKILL') }
}
