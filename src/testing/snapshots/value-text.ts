/** Values as a text of one line where they fit, else of several. Owns: how each kind of value looks. Does not know: executions. */
import type { ErrorRecord } from '../../errors.js'
import { isPlainObject } from './normal-form.js'

/** How long a line may become. */
const WIDTH = 96

/** The text moved to the right. */
export const indented = (text: string): string => text.replaceAll(/^/gm, '  ')

/** The text of a value. `taken`: how much of its first line is used up already. */
export function valueText(value: unknown, taken = 0): string {
  const line = flat(value)
  return taken + line.length <= WIDTH ? line : (broken(value) ?? line)
}

/** An event: its type, and what else it carries. */
export function eventText(event: unknown, taken = 0): string {
  if (!isPlainObject(event) || typeof event['type'] !== 'string') return valueText(event, taken)
  const { type, ...rest } = event
  return Object.keys(rest).length === 0 ? type : `${type} ${valueText(rest, taken + type.length + 1)}`
}

/** An error, or the record of one: name, message, what else it carries, and its causes. */
export function errorText({ name, message, cause, ...rest }: ErrorRecord): string {
  const line = `${name}: ${message}`
  const more = Object.keys(rest).length === 0 ? '' : ` ${valueText(rest, line.length + 1)}`
  return `${line}${more}${cause === undefined ? '' : `, caused by ${errorText(cause)}`}`
}

interface Parts {
  readonly name: string
  readonly open: string
  readonly parts: readonly { readonly label: string; readonly value: unknown }[]
  readonly close: string
}

/** What a value is made of; undefined for one that has no parts. */
function partsOf(value: unknown): Parts | undefined {
  const unlabelled = (parts: Iterable<unknown>) => Array.from(parts, (part) => ({ label: '', value: part }))
  const keyed = (of: object) => Object.entries(of).map(([key, part]) => ({ label: `${keyText(key)}: `, value: part }))
  if (Array.isArray(value)) return { name: '', open: '[', parts: unlabelled(value), close: ']' }
  if (value instanceof Map) {
    const parts = [...value].map(([key, part]) => ({ label: `${flat(key)} => `, value: part as unknown }))
    return { name: 'Map ', open: '{', parts, close: '}' }
  }
  if (value instanceof Set) return { name: 'Set ', open: '{', parts: unlabelled(value), close: '}' }
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return { name: `${value.constructor.name} `, open: '[', parts: unlabelled(value as unknown as Iterable<unknown>), close: ']' }
  if (value instanceof Error) {
    const { name: _, ...own } = Object.fromEntries(Object.entries(value))
    const cause = value.cause === undefined ? {} : { cause: value.cause }
    const more = keyed({ ...own, ...cause })
    return { name: `${value.name}: ${value.message}${more.length > 0 ? ' ' : ''}`, open: '{', parts: more, close: '}' }
  }
  return isPlainObject(value) ? { name: '', open: '{', parts: keyed(value), close: '}' } : undefined
}

function flat(value: unknown): string {
  const made = partsOf(value)
  if (!made) return scalar(value)
  const { name, open, parts, close } = made
  if (parts.length === 0) return value instanceof Error ? name : `${name}${open}${close}`
  const gap = open === '[' ? '' : ' '
  return `${name}${open}${gap}${parts.map(({ label, value: part }) => label + flat(part)).join(', ')}${gap}${close}`
}

function broken(value: unknown): string | undefined {
  const made = partsOf(value)
  if (!made || made.parts.length === 0) return undefined
  const lines = made.parts.map(({ label, value: part }) => indented(`${label}${valueText(part, label.length + 3)},`))
  return [`${made.name}${made.open}`, ...lines, made.close].join('\n')
}

function scalar(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (Object.is(value, -0)) return '-0'
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Date invalid' : `Date ${value.toISOString()}`
  if (value instanceof URL) return `URL ${value.href}`
  return String(value)
}

const keyText = (key: string) => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key))
