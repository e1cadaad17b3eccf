/** Starts the greeter and its server. Owns: how they start, and how they end together. */
import { appendFile } from 'node:fs/promises'
import { createRuntime, type SnapshotStore } from 'stateward'
import { serve } from 'stateward/server'
import { greeter } from './greeter.js'

/** What it is started with. */
export interface GreeterSettings {
  readonly store: SnapshotStore
  readonly secret: string
  /** The file that stands for GitHub's comments. */
  readonly comments: string
  readonly port: number
}

/** A started greeter. */
export async function startGreeter({ store, secret, comments, port }: GreeterSettings) {
  const comment = (at: string, text: string, key: string) => appendFile(comments, `${JSON.stringify({ at, text, key })}\n`)
  const runtime = createRuntime({ store, entryPoints: [greeter(secret, comment)], logger: console })
  await runtime.start()
  const server = await serve(runtime, { port }).catch(async (error: unknown) => {
    await runtime.stop()
    throw error
  })
  const stop = async () => {
    // senders get 503 from now on, and try again later; what runs ends
    await runtime.drain()
    await runtime.stop()
    await server.close()
  }
  return { runtime, url: server.url, stop }
}
