/** The assertions of the W3C's SCXML test suite hold whatever commit the process dies around, on every store. */
import { describe, expect } from 'vitest'
import { crashEverywhere } from '../support/crash-everywhere.js'
import { chapters } from './assertions.js'

describe.each(Object.entries(chapters))('%s', (_, assertions) => {
  for (const [name, { program, events = [], notes }] of Object.entries(assertions)) {
    crashEverywhere(name, { program: () => program, events }, ({ status, value, context }) => {
      expect({ status, value }).toEqual({ status: 'completed', value: 'pass' })
      if (notes) expect((context as { notes: unknown }).notes).toEqual(notes)
    })
  }
})
