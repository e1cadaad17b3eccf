/** The store gives its answers in any order: while one is on its way, whatever else is done to the execution takes its course. */
import { expect, test } from 'vitest'
import { deeds, overtaken, standings } from '../support/overtaken.js'

/** More calls than any deed makes. */
const CALLS = 12

/** An execution that is in no memory needs the most calls: all are asked of it, and of the others every third. */
const asked = standings.map((standing) => [standing, standing === 'passivated' ? 1 : 3] as const)

test.each(asked)('an execution that is %s', async (standing, step) => {
  const wrong: string[] = []
  const ways = deeds.flatMap((first) =>
    deeds.flatMap((second) => (['before', 'after'] as const).map((when) => ({ first, second, when }))),
  )
  for (const [index, { first, second, when }] of ways.entries())
    for (let nth = 1 + (index % step); nth <= CALLS; nth += step) {
      const found = await overtaken(standing, first, { when, nth }, second)
      if (found === undefined) break
      wrong.push(...found.map((each) => `${first}, call ${nth} ${when}, ${second}: ${each}`))
    }
  expect(wrong).toEqual([])
})
