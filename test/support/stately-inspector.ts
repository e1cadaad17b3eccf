/**
 * The real Stately Inspector on loopback: its WebSocket inspector on one side, its WebSocket receiver on the other.
 *
 * Owns: the relay between them, which takes connections from this machine alone and drops no message, and the tree
 * that the received messages draw.
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createWebSocketInspector, createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect'
import { expect, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'

/** An actor as the inspector draws it. */
export interface DrawnActor {
  readonly name: string
  readonly sessionId: string
  readonly parentId: string | undefined
  readonly rootId: string | undefined
  /** What `definition` says, parsed. */
  readonly definition: { readonly id?: string; readonly states?: Readonly<Record<string, unknown>> }
  /** The last one that was received. */
  snapshot: { readonly status?: string; readonly value?: unknown; readonly context?: unknown; readonly output?: unknown }
}

/** Both ends of an inspection. */
export class StatelyInspection {
  readonly inspect: ReturnType<typeof createWebSocketInspector>['inspect']
  /** Where both ends connect to. */
  readonly url: string
  /** Each message as it went over the wire. */
  readonly frames: string[] = []
  readonly #messages: StatelyInspectionEvent[] = []
  readonly #stop: () => void

  private constructor(url: string, inspector: ReturnType<typeof createWebSocketInspector>, server: WebSocketServer) {
    this.url = url
    this.inspect = inspector.inspect
    this.#stop = () => {
      inspector.stop()
      for (const client of server.clients) client.terminate()
      server.close()
    }
  }

  /** Starts the relay and connects both ends. */
  static async start(): Promise<StatelyInspection> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    await once(server, 'listening')
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
    const receiver = createWebSocketReceiver({ server: url })
    await connected(server, 1)
    const inspector = createWebSocketInspector({ url })
    const inspection = new StatelyInspection(url, inspector, server)
    server.on('connection', (socket) =>
      socket.on('message', (data: Buffer) => {
        const frame = data.toString()
        inspection.frames.push(frame)
        for (const client of server.clients) if (client !== socket && client.readyState === WebSocket.OPEN) client.send(frame)
      }),
    )
    receiver.subscribe((message) => void inspection.#messages.push(message))
    await connected(server, 2)
    return inspection
  }

  get messages(): readonly StatelyInspectionEvent[] {
    return this.#messages
  }

  /** Every actor that was received, with its last snapshot, by session id. */
  get actors(): Map<string, DrawnActor> {
    const actors = new Map<string, DrawnActor>()
    for (const message of this.#messages) {
      if (message.type === '@xstate.actor') {
        const { name, sessionId, parentId, rootId, definition, snapshot } = message
        const parsed = JSON.parse(definition ?? '{}') as DrawnActor['definition']
        actors.set(sessionId, { name, sessionId, parentId, rootId, definition: parsed, snapshot: snapshot ?? {} })
      } else if (message.type === '@xstate.snapshot') {
        const actor = actors.get(message.sessionId)
        if (actor) actor.snapshot = message.snapshot as DrawnActor['snapshot']
      }
    }
    return actors
  }

  /** The names from the root to each actor, such as `app/orders/o1/o1/pay`; siblings of one name are one path each. */
  get paths(): string[] {
    const { actors } = this
    const path = (actor: DrawnActor): string => {
      const parent = actor.parentId === undefined ? undefined : actors.get(actor.parentId)
      return parent ? `${path(parent)}/${actor.name}` : actor.name
    }
    return [...actors.values()].map(path)
  }

  /** The actors at a path, in the order in which they came. */
  at(path: string): DrawnActor[] {
    const paths = this.paths
    return [...this.actors.values()].filter((_, index) => paths[index] === path)
  }

  /** Waits until what was received fulfils an expectation. */
  async until(expectation: () => void): Promise<void> {
    await vi.waitFor(expectation, { timeout: 10_000, interval: 5 })
  }

  /** Waits until the last snapshot at a path has this status, and gives it. */
  async ended(path: string, status: string): Promise<DrawnActor> {
    await this.until(() => expect(this.at(path).map(({ snapshot }) => snapshot.status)).toContain(status))
    return this.at(path).find(({ snapshot }) => snapshot.status === status) as DrawnActor
  }

  stop(): void {
    this.#stop()
  }
}

async function connected(server: WebSocketServer, clients: number): Promise<void> {
  await vi.waitFor(() => expect(server.clients.size).toBe(clients), { timeout: 10_000, interval: 5 })
}
