/**
 * Actor refs in the context of an owed action, in the form that XState gives them in a snapshot.
 *
 * Owns: both directions. A ref is stored as the id of a child, and found again among the children that there are then.
 */
import type { AnyActorRef } from 'xstate'

const mark = 'xstate$$type'

/** The same context with each actor ref as `{ xstate$$type: 1, id }`; copied only where it holds one. */
export function refsByName(context: unknown): unknown {
  return replaced(context, (part) =>
    'sessionId' in part && 'send' in part && 'ref' in part ? { [mark]: 1, id: (part as unknown as AnyActorRef).id } : part,
  )
}

/** The context with the children of `self` in the places of their ids; undefined for one that is gone. */
export function refsFound(context: unknown, self: AnyActorRef): unknown {
  const { children = {} } = self.getSnapshot() as { children?: Record<string, AnyActorRef> }
  return replaced(context, (part) => (part[mark] === 1 ? children[String(part['id'])] : part))
}

function replaced(part: unknown, of: (part: Record<string, unknown>) => unknown): unknown {
  if (typeof part !== 'object' || part === null) return part
  const own = of(part as Record<string, unknown>)
  if (own !== part) return own
  let copy: Record<string, unknown> | undefined
  for (const [key, value] of Object.entries(part)) {
    const other = replaced(value, of)
    if (other === value) continue
    copy ??= (Array.isArray(part) ? [...(part as unknown[])] : { ...part }) as Record<string, unknown>
    copy[key] = other
  }
  return copy ?? part
}
