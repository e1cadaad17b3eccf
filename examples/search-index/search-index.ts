/**
 * The index of the example: which files hold a word.
 *
 * Owns: the entry point that keeps it. A file that is saved again and again is indexed once it has been left alone, as it was last.
 */
import { defineEntryPoint, fromStep, type StepArguments } from 'stateward'

/** A file, as it was saved. */
export interface SavedFile {
  readonly path: string
  readonly text: string
}

/** Words, and the paths of the files that hold them. */
export class SearchIndex {
  readonly #words = new Map<string, ReadonlySet<string>>()
  /** How often a file was indexed. */
  runs = 0

  /** Puts a file in the place of what was known of it. */
  put({ path, text }: SavedFile): number {
    this.runs++
    const words = new Set(text.toLowerCase().match(/\w+/g))
    this.#words.set(path, words)
    return words.size
  }

  find(word: string): string[] {
    return [...this.#words].filter(([, words]) => words.has(word)).map(([path]) => path)
  }
}

/** The entry point: one execution for each burst of saves of a file. */
export function indexing(index: SearchIndex, { quiet = 500, atMost = 5_000 } = {}) {
  return defineEntryPoint({
    id: 'index',
    program: fromStep(({ input }: StepArguments<SavedFile>) => ({ path: input.path, words: index.put(input) })),
    debounce: { quiet, atMost, key: ({ path }) => path },
  })
}
