/**
 * What the handles of a test runtime stand on: calls that outlive the process that they were made to.
 *
 * Owns: how each call is made again after a death, so that it has its effect once.
 */
import type { AnyEventObject } from 'xstate'
import type { SendOutcome } from '../../events/outcomes.js'
import type { HandlePort } from '../../execution-handle.js'
import type { CommandScope } from '../../command-scope.js'
import type { Deliveries } from './deliveries.js'
import type { Processes } from './processes.js'
import { shortText } from './readable.js'
import type { World } from './world.js'

/** What a test runtime lends to its handles. */
export interface Survival {
  readonly world: World
  readonly deliveries: Deliveries
  key(): string
  /** The store as an onlooker sees it: alive or dead, the process has no part in it. */
  storage: HandlePort['storage']
  readonly processes: Processes
}

/** A port over that of whichever process lives. */
export function survivingPort(port: () => HandlePort, { world, deliveries, key, storage, processes }: Survival): HandlePort {
  const send = async (id: string, event: AnyEventObject): Promise<SendOutcome> => {
    world.tell(id, `send ${shortText(event)}`)
    // refused before it goes anywhere
    port().router.checked(id, event)
    const delivery = deliveries.send(id, event)
    try {
      return await processes.surviving(async (again) => {
        if (!again || delivery.state !== 'durable') return port().router.send(id, event)
        const stored = await port().load(id)
        return 'revision' in stored ? { status: 'delivered', revision: stored.revision } : stored
      })
    } finally {
      deliveries.over(delivery)
    }
  }
  return {
    now: () => world.clock.now(),
    storage,
    load: (id) => processes.surviving(() => port().load(id)),
    fork: (id, { idempotencyKey = key(), ...options }) =>
      processes.surviving(() => port().fork(id, { ...options, idempotencyKey })),
    router: {
      checked: (id, event) => port().router.checked(id, event),
      send,
      command: (id, command) => {
        world.tell(id, command.type === 'pause' ? `pause (${command.mode})` : command.type)
        return processes.timed(() => port().router.command(id, command))
      },
      result: (id, options) => processes.timed(() => port().router.result(id, options)),
    },
  }
}

/** Commands to many, over whichever process lives; asked twice, they do no more. */
export function survivingScope(scope: () => CommandScope, processes: Processes): CommandScope {
  return {
    pause: (options) => processes.timed(() => scope().pause(options)),
    resume: (options) => processes.timed(() => scope().resume(options)),
    cancel: (options) => processes.timed(() => scope().cancel(options)),
  }
}
