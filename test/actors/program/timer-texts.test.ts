/** Many timers as they are stored: in their order, whole and in pieces, and a change leaves most pieces as they were. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ActorNaming } from '../../../src/actors/program/program-output.js'
import { TimerTexts, type StoredTimer } from '../../../src/actors/program/timer-texts.js'

const actor = {}
const naming: ActorNaming = { addressOf: () => '', version: 1, owns: () => true, named: () => undefined }

class Timers {
  readonly texts = new TimerTexts('it')
  readonly live: StoredTimer[] = []
  #seq = 0

  set(dueAt: number): void {
    const seq = ++this.#seq
    const timer = { source: actor, target: actor, id: `${seq}`, event: { type: 'GO' }, delay: 1, dueAt, seq, loose: false }
    const armed: StoredTimer = { ...timer, stored: undefined }
    this.live.push(armed)
    this.texts.add(armed)
  }

  take(at: number): void {
    const [timer] = this.live.splice(at, 1)
    if (timer) this.texts.delete(timer)
  }

  loosen(at: number): void {
    const timer = this.live[at]
    if (!timer) return
    timer.loose = true
    this.texts.changed(timer)
  }

  stored() {
    return this.texts.text(naming, undefined)
  }

  /** The ids in the order in which they are due. */
  get order(): string[] {
    return this.live.toSorted((a, b) => a.dueAt - b.dueAt || a.seq - b.seq).map(({ id }) => id)
  }
}

const idsIn = (text: string) =>
  text
    .split('\n')
    .slice(1)
    .map((line) => /"id":"(\d+)"/.exec(line)?.[1])

const change = fc.oneof(
  fc.record({ set: fc.integer({ min: 0, max: 50 }), count: fc.constantFrom(1, 1, 1, 40, 150) }),
  fc.record({ take: fc.double({ min: 0, max: 0.999, noNaN: true }), count: fc.constantFrom(1, 1, 1, 70, 200) }),
  fc.record({ loosen: fc.double({ min: 0, max: 0.999, noNaN: true }) }),
)

test('whatever is set and taken away, the text has all of them in their order, and the pieces are the text', () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 30 }), (changes) => {
      const timers = new Timers()
      for (const each of changes) {
        if ('set' in each) for (let n = 0; n < each.count; n++) timers.set(each.set + (n % 7))
        else if ('take' in each) for (let n = 0; n < each.count; n++) timers.take(Math.floor(each.take * timers.live.length))
        else timers.loosen(Math.floor(each.loosen * timers.live.length))
        const { text, pieces } = timers.stored()
        expect(idsIn(text)).toEqual(timers.order)
        if (pieces.length > 0) expect(pieces.map((piece) => piece.text).join('')).toBe(text)
        const places = pieces.map(({ place }) => place)
        expect(places.every((place, at) => Number.isSafeInteger(place) && place > (places[at - 1] ?? 0))).toBe(true)
      }
    }),
    { numRuns: 60 },
  )
})

test.each([
  ['at the end', (n: number) => n],
  ['at the beginning', (n: number) => -n],
  ['always at the same place in the middle', (n: number) => (n % 2 === 0 ? -1 / n : 1 / n)],
])('two pieces change at most for one more %s, and at the end there are many', (_, dueAt) => {
  const timers = new Timers()
  for (let n = 1; n <= 1_000; n++) timers.set(n * 10)
  let before = new Map(timers.stored().pieces.map(({ place, text }) => [place, text]))
  let most = 0
  for (let n = 1; n <= 500; n++) {
    timers.set(dueAt(n) + 5_005)
    const { pieces } = timers.stored()
    most = Math.max(most, pieces.filter(({ place, text }) => before.get(place) !== text).length)
    before = new Map(pieces.map(({ place, text }) => [place, text]))
  }
  expect(most).toBeLessThanOrEqual(2)
  expect(before.size).toBeGreaterThan(20)
})

test('there is always room for one more piece between two, if others must move for it', () => {
  const timers = new Timers()
  for (let n = 1; n <= 200; n++) timers.set(n * 1_000)
  // each goes between the last one and what stood there before it
  for (let n = 1; n <= 3_000; n++) timers.set(50_000 + 500 / n)
  const { text, pieces } = timers.stored()
  expect(idsIn(text)).toEqual(timers.order)
  expect(pieces.map((piece) => piece.text).join('')).toBe(text)
  const places = pieces.map(({ place }) => place)
  expect(places).toEqual([...new Set(places)].toSorted((a, b) => a - b))
})

test('a few are in one piece, which is none', () => {
  const timers = new Timers()
  expect(timers.stored()).toEqual({ text: '', pieces: [] })
  for (let n = 1; n <= 60; n++) timers.set(n)
  expect(timers.stored().pieces).toEqual([])
})
