/** A step that says the words of a file as a model says its tokens, one after the other. */
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fromStep, type StepArguments } from 'stateward'

/** Which file to say, and how long each word takes, in ms. */
export interface Question {
  readonly file: string
  readonly pace: number
}

/** Streams the words of the file; its output is how many there were. */
export const answer = fromStep(async ({ input, stream, signal }: StepArguments<Question>) => {
  const words = (await readFile(input.file, 'utf8')).split(/(?<=\s)/)
  for (const word of words) {
    await stream(word)
    await sleep(input.pace, undefined, { signal })
  }
  return words.length
})
