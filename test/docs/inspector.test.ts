/** The code of docs/inspector.md runs, and does what the page says. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { StatelyInspection } from '../support/stately-inspector.js'
import { codeBlock, codeBlocks, runCodeBlock } from './code-blocks.js'

const page = 'docs/inspector.md'

describe(page, () => {
  it('watches with a function', async () => {
    const { printed } = await runCodeBlock(codeBlock(page, 'Watching with a function'))
    const values = printed.map((line) => line.split(' ').slice(1).join(' '))
    expect(values).toEqual(expect.arrayContaining(['running', 'red', 'waiting', 'green', 'completed', 'stopped']))
  })

  it('shows a runtime in Stately Inspector', async () => {
    const inspection = await StatelyInspection.start()
    onTestFinished(() => inspection.stop())
    const { printed } = await runCodeBlock(codeBlock(page, 'Stately Inspector'), {
      replace: { 'ws://localhost:8080': inspection.url },
    })
    expect(printed).toHaveLength(1)
  })

  it('has no code that is not run here', () => {
    expect(codeBlocks(page).map(({ heading }) => heading)).toEqual(['Watching with a function', 'Stately Inspector'])
  })
})
