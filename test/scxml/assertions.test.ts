/** The assertions of the W3C's SCXML test suite hold on the runtime as they do on plain XState, also with a passivation at every rest. */
import { createActor, SimulatedClock, waitFor } from 'xstate'
import { describe, expect, test } from 'vitest'
import { turns } from '../support/eventually.js'
import { played } from '../support/playthrough.js'
import { makePlace } from '../support/store-place.js'
import type { Noted } from './assertion.js'
import { chapters } from './assertions.js'

describe.each(Object.entries(chapters))('%s', (_, assertions) => {
  test.each(Object.entries(assertions))('%s', async (_name, assertion) => {
    const { program, events = [], notes } = assertion
    for (const passivateAfter of [Infinity, 0]) {
      const record = await played(makePlace.memory(), program, { events, options: { passivateAfter } as never })
      expect({ status: record.status, value: record.value, error: record.error }).toMatchObject({
        status: 'completed',
        value: 'pass',
      })
      if (notes) expect((record.context as Noted).notes).toEqual(notes)
    }
  })

  test.each(Object.entries(assertions))('%s, on plain XState', async (_name, { program, events = [], notes }) => {
    const clock = new SimulatedClock()
    const actor = createActor(program, { clock, logger: () => undefined }).start()
    for (const event of events) actor.send(event)
    // a timer that another one sets is due in the next round
    for (let round = 0; round < 3; round++) {
      await turns()
      clock.increment(10_000)
    }
    const end = await waitFor(actor, ({ status }) => status === 'done', { timeout: 5_000 })
    expect((end as { value?: unknown }).value).toBe('pass')
    if (notes) expect(((end as { context?: unknown }).context as Noted).notes).toEqual(notes)
  })
})
