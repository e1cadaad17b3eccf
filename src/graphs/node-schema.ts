/** Checks what goes into a node and what comes out of it by the node's schemas. Owns the words of the refusal. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { StatewardError } from '../errors.js'

/** The value as its schema gives it. Throws `invalid_value`. */
export function fitting(schema: StandardSchemaV1 | undefined, value: unknown, node: string, part: 'input' | 'output'): unknown {
  const result = schema?.['~standard'].validate(value)
  if (result === undefined) return value
  const details = { node, part }
  if (result instanceof Promise)
    throw new StatewardError(
      'invalid_value',
      `The ${part} schema of node "${node}" answers with a promise; it must answer at once.`,
      { details },
    )
  if (!result.issues) return result.value
  const issues = result.issues.map(({ message, path }) => ({ message, path: (path ?? []).map(keyOf) }))
  const text = issues.map(({ message, path }) => [...path, message].join(': ')).join('; ')
  throw new StatewardError('invalid_value', `The ${part} of node "${node}" is not what it must be: ${text}`, {
    details: { ...details, issues },
  })
}

const keyOf = (part: PropertyKey | StandardSchemaV1.PathSegment) => String(typeof part === 'object' ? part.key : part)
