/** The code of docs/embedding.md runs, and does what the page says. */
import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { codeBlock, codeBlocks, runCodeBlock } from './code-blocks.js'

const page = 'docs/embedding.md'

describe(page, () => {
  it.each([
    ['As an actor', "{ status: 'completed', output: 'Hello, world!' }"],
    ['Inside a machine', "{ status: 'completed', output: 'paid 7' }"],
  ])('runs "%s"', async (heading, wanted) => {
    const { printed } = await runCodeBlock(codeBlock(page, heading))
    expect(printed).toEqual([wanted])
  })

  it('binds a page', async () => {
    const { printed } = await runCodeBlock(codeBlock(page, 'Binding a page'))
    expect(printed).toEqual(expect.arrayContaining(['job-1 running', 'job-1 completed']))
    await eventually('the count', () => printed.some((line) => line.includes('completed: 1')))
  })

  it('has no code that is not run here', () => {
    const headings = codeBlocks(page).map(({ heading }) => heading)
    expect(headings).toEqual(['As an actor', 'Inside a machine', 'Binding a page'])
  })
})
