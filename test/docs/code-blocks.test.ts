/** The harness that runs the pages' code is held to what it says. */
import { describe, expect, it } from 'vitest'
import { codeBlocks, runCodeBlock, type CodeBlock } from './code-blocks.js'

const block = (code: string): CodeBlock => ({ page: 'page.md', heading: 'H', line: 1, code })

describe('the code of a page', () => {
  it('is found by its language, with its heading and line', () => {
    const blocks = codeBlocks('docs/inspector.md')
    expect(blocks.length).toBeGreaterThan(0)
    for (const { heading, line, code } of blocks) {
      expect(heading).not.toBe('')
      expect(line).toBeGreaterThan(1)
      expect(code).toContain('import')
    }
    expect(codeBlocks('docs/inspector.md', 'no-such-language')).toEqual([])
  })

  it('runs as a module that imports the package by its name, awaits, prints and exports', async () => {
    const run = await runCodeBlock(
      block(
        "import { isStatewardError } from 'stateward'\nexport const is = await Promise.resolve(isStatewardError(1))\nconsole.log('is', is)",
      ),
    )
    expect(run.exports['is']).toBe(false)
    expect(run.printed).toEqual(['is false'])
  })

  it('fails the test when it throws', async () => {
    await expect(runCodeBlock(block("throw new Error('broken page')"))).rejects.toThrow('broken page')
  })

  it('takes what the page takes for granted, and other texts in place of its own', async () => {
    const run = await runCodeBlock(block("export const seen = given + 'app.db'"), {
      before: 'const given = 1',
      replace: { "'app.db'": "'elsewhere'" },
    })
    expect(run.exports['seen']).toBe('1elsewhere')
    await expect(runCodeBlock(block('export {}'), { replace: { absent: '' } })).rejects.toThrow('absent')
  })
})
