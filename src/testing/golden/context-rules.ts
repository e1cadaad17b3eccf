/**
 * Contexts held against their schemas.
 *
 * Owns: finding the schema of each machine, asking it (it may answer later), and the places of what it complains of. Any
 * library that speaks Standard Schema will do.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { AnyActorLogic } from 'xstate'
import { isProgramMachine } from '../../actors/program/xstate/program-logic.js'
import type { PersistedProgram } from '../../actors/program/program-record.js'
import { childLogic } from '../../actors/program/xstate/implementations.js'
import { machineActors } from './machine-actors.js'
import type { RestoredProgram } from './restored-program.js'
import type { Finding } from './stored-rules.js'

/** A context and the schema that it must meet. */
export interface CheckedContext {
  readonly schema: StandardSchemaV1
  readonly context: unknown
  readonly path: string
}

/** The contexts of a restored program, with live actor refs in them; `root` is the schema of the program itself. */
export function restoredContexts(
  program: RestoredProgram,
  stored: PersistedProgram,
  root: StandardSchemaV1 | undefined,
): CheckedContext[] {
  const found: CheckedContext[] = []
  for (const { place, snapshot } of machineActors(program.root, stored)) {
    const schema = (place === '' ? root : undefined) ?? schemaOf(snapshot.machine)
    if (schema) found.push({ schema, context: snapshot.context, path: `${place}context` })
  }
  // logic of another kind has a context at most
  if (root && stored.value === undefined) found.push({ schema: root, context: stored.context, path: 'context' })
  return found
}

/** The contexts of a program that can't be restored, as they are stored. */
export function storedContexts(
  logic: AnyActorLogic,
  stored: PersistedProgram,
  root: StandardSchemaV1 | undefined,
  place = '',
): CheckedContext[] {
  const schema = root ?? schemaOf(logic)
  const own = schema ? [{ schema, context: stored.context, path: `${place}context` }] : []
  if (!isProgramMachine(logic)) return own
  const inner = Object.entries(stored.children ?? {}).flatMap(([name, { src, snapshot }]) => {
    const child = childLogic(logic, String(src))
    return child ? storedContexts(child, snapshot, undefined, `${place}children.${name}.snapshot.`) : []
  })
  return [...own, ...inner]
}

/** What the schemas complain of. */
export async function* contextFindings(contexts: readonly CheckedContext[]): AsyncGenerator<Finding, void> {
  for (const { schema, context, path } of contexts) {
    try {
      const { issues } = await schema['~standard'].validate(context)
      for (const { message, path: at = [] } of issues ?? [])
        yield {
          reason: 'context_invalid',
          path: at.reduce<string>(below, path),
          what: `the context does not meet its schema: ${message}`,
        }
    } catch (error) {
      yield { reason: 'context_invalid', path, what: `its schema threw: ${String(error)}` }
    }
  }
}

function below(path: string, step: PropertyKey | StandardSchemaV1.PathSegment): string {
  const key = typeof step === 'object' ? step.key : step
  return typeof key === 'number' ? `${path}[${key}]` : `${path}.${String(key)}`
}

/** The `schemas.context` of a machine, if it is a Standard Schema. */
function schemaOf(logic: AnyActorLogic): StandardSchemaV1 | undefined {
  const { schemas } = logic as { schemas?: { context?: Partial<StandardSchemaV1> } }
  const context = schemas?.context
  return typeof context?.['~standard']?.validate === 'function' ? (context as StandardSchemaV1) : undefined
}
