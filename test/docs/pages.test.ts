/** The code of the guide and of the pages on events, finding, flow control, graphs, stores, triggers and webhooks runs, and prints what the page says it prints. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fastFolder } from '../support/store-place.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { codeBlocks, promised, runCodeBlock } from './code-blocks.js'

describe.each([
  'docs/guide.md',
  'docs/entry-points.md',
  'docs/events.md',
  'docs/finding.md',
  'docs/flow-control.md',
  'docs/graphs.md',
  'docs/stores.md',
  'docs/streams.md',
  'docs/schedules.md',
  'docs/triggers.md',
  'docs/webhooks.md',
])('%s', (page) => {
  const blocks = codeBlocks(page)

  it('has code', () => {
    expect(blocks.length).toBeGreaterThan(0)
    for (const { code } of blocks) expect(promised(code).length).toBe([...code.matchAll(/console\.log/g)].length)
  })

  it.each(blocks.map((block) => [block.heading, block] as const))(
    '"%s" runs as it says',
    async (_, block) => {
      const folder = temporaryFolder(fastFolder)
      const replace = block.code.includes("'app.db'") ? { "'app.db'": JSON.stringify(join(folder, 'app.db')) } : {}
      const { printed } = await runCodeBlock(block, { replace })
      expect(printed.map((line) => line.replaceAll(/\s+/g, ' '))).toEqual(promised(block.code))
      // one block verifies a whole store
    },
    60_000,
  )
})
