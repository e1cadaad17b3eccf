/** What may be sent to a program from outside. Owns the refusal of XState's own events: anybody could forge a step's result with them. */

/** What is wrong with an event, as the end of a sentence; undefined if nothing is. */
export function eventProblem(event: unknown): string | undefined {
  if (typeof event !== 'object' || event === null)
    return `a ${event === null ? 'null' : typeof event}; send an object with a \`type\``
  const { type } = event as { type?: unknown }
  if (typeof type !== 'string' || type === '') return 'an event without a `type`'
  if (type === '*') return 'the wildcard'
  if (type.startsWith('xstate.')) return `'${type}': XState's own events come from the program alone`
  return undefined
}
