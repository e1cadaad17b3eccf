/** A snapshot as JSON, for those who print one without the serialiser. Owns: what JSON has no word for, and that no empty section is shown. */
import { isPlainObject } from './normal-form.js'

/** The sections of a snapshot that are not empty. */
export function jsonSections(form: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(form)
      .filter(([, section]) => !isEmpty(section))
      .map(([name, section]) => [name, jsonForm(section)]),
  )
}

/** The value with Maps and Sets as objects and lists, bigints and the like as texts. */
function jsonForm(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (value instanceof Map) return mapForm(value)
  if (value instanceof Set || Array.isArray(value) || isTyped(value)) return Array.from(value as Iterable<unknown>, jsonForm)
  if (value instanceof Error)
    return { name: value.name, message: value.message, ...(jsonForm(Object.fromEntries(Object.entries(value))) as object) }
  if (!isPlainObject(value)) return String(value as RegExp | URL)
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, jsonForm(part)]))
}

function mapForm(map: ReadonlyMap<unknown, unknown>): unknown {
  const entries = [...map].map(([key, part]) => [jsonForm(key), jsonForm(part)] as const)
  return entries.every(([key]) => typeof key === 'string') ? Object.fromEntries(entries) : entries
}

const isTyped = (value: object) => ArrayBuffer.isView(value) && !(value instanceof DataView)

const isEmpty = (section: unknown) =>
  section === undefined || ((Array.isArray(section) || isPlainObject(section)) && Object.keys(section).length === 0)
