/**
 * One reason why a stored snapshot would not go on in a program.
 *
 * Owns: the reasons there are, and what to do about each. Finds none itself.
 */

/** Why a snapshot breaks. See the guide to testing for what each means. */
export type MisfitReason =
  | 'logic_changed'
  | 'state_gone'
  | 'state_changed'
  | 'history_gone'
  | 'child_gone'
  | 'child_moved'
  | 'child_missing'
  | 'ref_gone'
  | 'context_invalid'
  | 'timer_gone'
  | 'timer_missing'
  | 'action_gone'
  | 'restore_failed'
  | 'structure_changed'
  | 'migrate_failed'

/** One break of one snapshot. */
export interface Misfit {
  /** Of the snapshot. */
  readonly name: string
  readonly reason: MisfitReason
  /** The place in what is stored: `value`, `context.items[0].price`, `children.charge.src`, `timers[0]`. */
  readonly path: string
  /** What is wrong there, and what to do. */
  readonly message: string
}

const keepOld = 'keep the old program in `versions` for it'

const remedies: Readonly<Record<MisfitReason, string>> = {
  logic_changed: keepOld,
  state_gone: `give the snapshot a state of now in \`migrate\`, or ${keepOld}`,
  state_changed: `choose the state in \`migrate\`, with the children that it invokes, or ${keepOld}`,
  history_gone: `rename the state in \`historyValue\` in \`migrate\`, or ${keepOld}`,
  child_gone: `keep the source, rename it in \`migrate\` (\`children.….src\`), or ${keepOld}`,
  child_moved: `name the logic in \`setup({ actors })\`, put it back in its place, or ${keepOld}`,
  child_missing: `add the child in \`migrate\` ({ src, snapshot: { status: 'active', input } }), or ${keepOld}`,
  ref_gone: `mend the context in \`migrate\`, or ${keepOld}`,
  context_invalid: `mend the context in \`migrate\`, or let the schema take both forms`,
  timer_gone: `keep the delay or the event as it was, or ${keepOld}: \`migrate\` does not reach timers`,
  timer_missing: `${keepOld}, or \`accept\` this reason if it may wait without: \`migrate\` does not reach timers`,
  action_gone: `keep the action until nobody owes it any more, or ${keepOld}`,
  restore_failed: `mend the snapshot in \`migrate\`, or ${keepOld}`,
  structure_changed: `say \`migrate: (snapshot) => snapshot\` if the old snapshots may go on in it, or ${keepOld}`,
  migrate_failed: 'mend `migrate`',
}

/** A misfit with its remedy; `what` is a clause without a full stop. */
export function misfitOf(name: string, reason: MisfitReason, path: string, what: string): Misfit {
  return { name, reason, path, message: `${what}; ${remedies[reason]}.` }
}
