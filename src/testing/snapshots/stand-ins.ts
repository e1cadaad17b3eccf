/** Puts names that are the same in every run in place of those that are fresh in each. Owns: what counts as an occurrence of a name. */

import { isRandomId } from '../../ids.js'

/** Replaces names inside texts. */
export class StandIns {
  readonly #names: ReadonlyMap<string, string>
  readonly #pattern: RegExp | undefined

  /** `names`: each name, and what stands for it. */
  constructor(names: ReadonlyMap<string, string>) {
    this.#names = names
    const longestFirst = [...names.keys()].filter((name) => name !== '').toSorted((a, b) => b.length - a.length)
    if (longestFirst.length > 0) this.#pattern = new RegExp(longestFirst.map(occurrence).join('|'), 'g')
  }

  /** The text with each name replaced: a random one wherever it stands, another one where no letter or digit stands beside it. */
  in(text: string): string {
    return this.#pattern ? text.replaceAll(this.#pattern, (name) => this.#names.get(name) ?? name) : text
  }
}

/** An id that a user chose may be as short as a word: no part of a longer one counts. */
const occurrence = (name: string) => (isRandomId(name) ? name : `(?<![A-Za-z0-9])${escaped(name)}(?![A-Za-z0-9])`)

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\-]/g, String.raw`\$&`)
