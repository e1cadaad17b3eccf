/** Each planted defect is found by crashes, and its cause named; what only a careful host gets right survives on Stateward. */
import { describe, expect, test } from 'vitest'
import { exploreCrashes } from '../../../src/testing/explore/explore-crashes.js'
import type { ExplorationHost } from '../../../src/testing/explore/exploration-host.js'
import { naiveHost } from '../../../src/testing/explore/naive-host.js'
import { ExplorationError } from '../../../src/testing/explore/report.js'
import type { EntryPoint } from '../../../src/index.js'
import type { Scenario } from '../../../src/testing/explore/scenario.js'
import { assignDrawsAnId, childsEndMovesParent, contextHoldsAMap, inlineActionCharges, timerDecides } from './planted-machines.js'

/** The cause of the smallest failure; undefined if all went well. */
async function found<TEntryPoint extends EntryPoint>(
  { entryPoint, scenario }: { entryPoint: TEntryPoint; scenario: Scenario<TEntryPoint> },
  host?: ExplorationHost,
) {
  try {
    await exploreCrashes(entryPoint, scenario, host ? { host } : {})
    return undefined
  } catch (error) {
    if (!(error instanceof ExplorationError)) throw error
    const { code, where } = error.report.failures[0]?.cause ?? {}
    return [code, where]
  }
}

/** Found within ten seconds. */
const WITHIN = { timeout: 10_000 }

describe('on Stateward', WITHIN, () => {
  test('an inline action that charges is named, with its transition', async () => {
    expect(await found(inlineActionCharges())).toEqual(['inline_action_lost', 'ready —PAY→ thanking'])
  })

  test('an id that is drawn in an assign is named, with its place in the context', async () => {
    expect(await found(assignDrawsAnId())).toMatchObject([
      'randomness',
      expect.stringMatching(/^context.ticket, in preparing —.* done→ opening$/),
    ])
  })

  test('what hangs on a timer survives', async () => {
    expect(await found(timerDecides())).toBeUndefined()
  })

  test('what hangs on the end of a child survives', async () => {
    expect(await found(childsEndMovesParent())).toBeUndefined()
  })

  test('what hangs on a Map survives', async () => {
    expect(await found(contextHoldsAMap())).toBeUndefined()
  })
})

describe('on plain XState persistence', WITHIN, () => {
  test('a timer that is forgotten is named, with its state', async () => {
    expect(await found(timerDecides(), naiveHost)).toEqual(['timer_forgotten', 'awaitingApproval, after reminder'])
  })

  test('an inline action that charges is named as repeated', async () => {
    expect(await found(inlineActionCharges(), naiveHost)).toEqual(['inline_action_repeated', 'ready —PAY→ thanking'])
  })

  test('a drawn id is named', async () => {
    expect(await found(assignDrawsAnId(), naiveHost)).toMatchObject(['randomness', expect.stringContaining('context.ticket')])
  })

  test('a child whose end its parent never heard of is named', async () => {
    expect(await found(childsEndMovesParent(), naiveHost)).toMatchObject([
      'child_done_untold',
      expect.stringContaining('inspecting'),
    ])
  })

  test('a Map that JSON loses is named, with its path', async () => {
    expect(await found(contextHoldsAMap(), naiveHost)).toEqual(['value_lost', 'context.votes'])
  })
})
