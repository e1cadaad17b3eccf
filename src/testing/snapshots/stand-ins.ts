/** Puts names that are the same in every run in place of those that are fresh in each. Owns: what counts as an occurrence of a name. */

/** Replaces names inside texts. */
export class StandIns {
  readonly #names: ReadonlyMap<string, string>
  readonly #pattern: RegExp | undefined

  /** `names`: each name, and what stands for it. */
  constructor(names: ReadonlyMap<string, string>) {
    this.#names = names
    const longestFirst = [...names.keys()].filter((name) => name !== '').toSorted((a, b) => b.length - a.length)
    // an id that a user chose may be as short as a word: no part of a longer one counts
    if (longestFirst.length > 0)
      this.#pattern = new RegExp(`(?<![A-Za-z0-9])(?:${longestFirst.map(escaped).join('|')})(?![A-Za-z0-9])`, 'g')
  }

  /** The text with each name replaced, wherever no letter or digit stands beside it. */
  in(text: string): string {
    return this.#pattern ? text.replaceAll(this.#pattern, (name) => this.#names.get(name) ?? name) : text
  }
}

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\-]/g, String.raw`\$&`)
