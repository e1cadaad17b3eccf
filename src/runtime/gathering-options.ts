/**
 * The options of an entry point that put several triggers into one execution, and their checks.
 *
 * Owns: their rules, what they can't be combined with, and the types of what a trigger then gives.
 */
import type { AnyActorLogic, InputFrom } from 'xstate'
import type { KeyOf } from '../actors/flow/flow-limits.js'
import type { GatheringLimits } from '../actors/flow/gathering-limits.js'
import type { Trigger } from '../actors/trigger/trigger.js'
import { group, invalid, number, optional, optionalFunction, whole, type OptionPlace } from './entry-point-rules.js'

/** One execution with the last input: see docs/flow-control.md. Times are milliseconds. */
export interface DebounceOptions<TInput = unknown> {
  /** It starts once no further trigger has come for so long; a whole number of at least 1. */
  readonly quiet: number
  /** It starts at the latest so long after the first one, whatever comes; at least `quiet`. Default: only a quiet time starts it. */
  readonly atMost?: number | undefined
  /** Of the input: 1 to 512 characters; each key has an execution of its own. Default: all triggers have the same key. A trigger for whose input it throws or gives no such text fails with `invalid_key`. */
  readonly key?: ((input: TInput) => string) | undefined
}

/** One execution whose input is the list of the triggers' inputs: see docs/flow-control.md. Times are milliseconds. */
export interface BatchOptions<TElement = unknown> {
  /** It starts once there are so many; a whole number of at least 1. Also once they have 4,000,000 characters in all. */
  readonly size: number
  /** It starts at the latest so long after the first one; a whole number of at least 1. */
  readonly within: number
  /** Of one input, as that of `debounce`. */
  readonly key?: ((input: TElement) => string) | undefined
}

/** The input of one trigger of a program that gets a list of them. */
export type ElementOf<TProgram extends AnyActorLogic> =
  InputFrom<TProgram> extends readonly (infer TElement)[] ? TElement : unknown

/** A program that can get a list has these options, any other has none. */
export type BatchOptionsOf<TProgram extends AnyActorLogic> =
  unknown extends InputFrom<TProgram>
    ? BatchOptions
    : InputFrom<TProgram> extends readonly unknown[]
      ? BatchOptions<ElementOf<TProgram>>
      : never

const times = { quiet: whole({ from: 1 }), atMost: number({ from: 1, whole: true, endless: true, otherwise: Infinity }) }
const key = optionalFunction<KeyOf>()

/** The rules of these options. */
export const gatheringRules = {
  debounce: optional(group({ ...times, key })),
  batch: optional(group({ size: whole({ from: 1 }), within: whole({ from: 1 }), key })),
}

interface Combined extends GatheringLimits {
  readonly concurrency: unknown
  readonly rate: unknown
  readonly durability: string
  readonly trigger: Trigger
}

/** Throws `invalid_definition` for what can't be combined. */
export function checkGathering(
  { debounce, batch, concurrency, rate, durability, trigger }: Combined,
  at: (option: string) => OptionPlace,
): void {
  const kind = debounce ? 'debounce' : batch && 'batch'
  if (kind === undefined) return
  const absent = (beside: string) => `absent beside \`${beside}\``
  if (debounce && batch) invalid(at('batch'), batch, absent('debounce'))
  if (concurrency !== undefined) invalid(at('concurrency'), concurrency, absent(kind))
  if (rate !== undefined) invalid(at('rate'), rate, absent(kind))
  // a step could start for an input that a trigger is about to replace, or without an element that is about to join
  if (durability !== 'strict') invalid(at('durability'), durability, `strict beside \`${kind}\``)
  // it would cancel what other callers have given to the same execution
  if (trigger.replaces)
    invalid(at('trigger.replaces'), true, `${absent(kind)}; the \`overlap\` of ${trigger.type} must be \`queue\` or \`skip\``)
  if (debounce && debounce.atMost < debounce.quiet)
    invalid(at('debounce.atMost'), debounce.atMost, `at least \`quiet\`, which is ${debounce.quiet}`)
}
