/** Everything that is to be said of one stored program in one logic. Owns the order: what is stored, its restoration, its contexts. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { AnyActorLogic } from 'xstate'
import type { ProgramRecord } from '../../actors/program/program-record.js'
import { contextFindings, restoredContexts, storedContexts } from './context-rules.js'
import { RestoredProgram } from './restored-program.js'
import { restoredFindings, type Circumstances } from './restored-rules.js'
import { storedFindings, type Finding } from './stored-rules.js'

/** What keeps a stored program from going on in `logic`. Throws whatever a restoration throws. */
export async function* programFindings(
  name: string,
  logic: AnyActorLogic,
  record: ProgramRecord,
  circumstances: Circumstances & { readonly schema: StandardSchemaV1 | undefined },
): AsyncGenerator<Finding, void> {
  const { snapshot } = record
  const { schema } = circumstances
  if (snapshot.status === 'stopped')
    yield {
      reason: 'restore_failed',
      path: 'status',
      what: 'it was taken after its actor had been stopped, and would never move again',
    }
  const found = [...storedFindings(logic, snapshot)]
  yield* found
  // XState would throw, or drop what it does not find
  if (found.length > 0) return yield* contextFindings(storedContexts(logic, snapshot, schema))
  const program = new RestoredProgram(name, logic, record)
  try {
    yield* restoredFindings(program, snapshot, circumstances)
    yield* contextFindings(restoredContexts(program, snapshot, schema))
  } finally {
    program.stop()
  }
}
