/** A plug-in: greets whoever it is given. */
import { defineEntryPoint, fromStep, type StepArguments } from 'stateward'

/** The entry points of the plug-in. */
export const entryPoints = [
  defineEntryPoint({ id: 'hello', program: fromStep(({ input }: StepArguments<string>) => `Hello, ${input}!`) }),
  defineEntryPoint({ id: 'goodbye', program: fromStep(({ input }: StepArguments<string>) => `Goodbye, ${input}!`) }),
]
