/** How a RegExp is stored that is in the middle of a text. Owns: its parts, and what is made of them. Talks to nobody. */

/** Its parts; `lastIndex` is where the next match of a `g` or `y` begins. */
export interface RegExpParts {
  readonly source: string
  readonly flags: string
  readonly lastIndex: number
}

/** One of its own, which stands where that one does. */
export function regExpFrom({ source, flags, lastIndex }: RegExpParts): RegExp {
  const copy = new RegExp(source, flags)
  // user code may have put there what is no number
  if (Number.isSafeInteger(lastIndex)) copy.lastIndex = lastIndex
  return copy
}
