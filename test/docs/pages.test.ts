/** The code of the guide and of the page on stores runs, and prints what the page says it prints. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { codeBlocks, promised, runCodeBlock } from './code-blocks.js'

describe.each(['docs/guide.md', 'docs/stores.md'])('%s', (page) => {
  const blocks = codeBlocks(page)

  it('has code', () => {
    expect(blocks.length).toBeGreaterThan(0)
    for (const { code } of blocks) expect(promised(code).length).toBe([...code.matchAll(/console\.log/g)].length)
  })

  it.each(blocks.map((block) => [block.heading, block] as const))('"%s" runs as it says', async (_, block) => {
    const folder = mkdtempSync(join(tmpdir(), 'stateward-docs-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const replace = block.code.includes("'app.db'") ? { "'app.db'": JSON.stringify(join(folder, 'app.db')) } : {}
    const { printed } = await runCodeBlock(block, { replace })
    expect(printed.map((line) => line.replaceAll(/\s+/g, ' '))).toEqual(promised(block.code))
  })
})
