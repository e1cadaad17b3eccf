/** How a trigger refuses an option that it can't take. Owns: the words and the details of that error, for all triggers that fire by themselves. */
import { StatewardError } from '../errors.js'

/** Throws `invalid_definition`, with the trigger, its option, the value and what it must be. */
export function refuse(type: string, option: string, value: unknown, wanted: string, cause?: unknown): never {
  const shown =
    typeof value === 'string'
      ? JSON.stringify(value)
      : typeof value === 'object' || typeof value === 'function'
        ? typeof value
        : String(value as number)
  throw new StatewardError('invalid_definition', `The trigger ${type}: \`${option}\` is ${shown}; it must be ${wanted}.`, {
    details: { trigger: type, option, value: shown },
    ...(cause === undefined ? {} : { cause }),
  })
}
