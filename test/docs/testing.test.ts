/** The code of docs/testing.md: what stands for itself runs and prints what it says, what is a test file passes as one. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { codeBlocks, promised, runCodeBlock, type CodeBlock } from './code-blocks.js'

const page = 'docs/testing.md'
const isTestFile = ({ code }: CodeBlock) => / test\b.* from 'vitest'/.test(code)
const blocks = codeBlocks(page)
const root = fileURLToPath(new URL('../../', import.meta.url))

describe(page, () => {
  it('has code of both kinds, and says what each line prints', () => {
    expect(blocks.filter(isTestFile).length).toBeGreaterThan(0)
    const others = blocks.filter((block) => !isTestFile(block))
    for (const { code, line } of others) expect(/\/\/ prints /.test(code), `${page}:${line}`).toBe(true)
  })

  it.each(blocks.filter((block) => !isTestFile(block)).map((block) => [block.heading, block.line, block] as const))(
    '"%s" (line %i) runs as it says',
    async (_, _line, block) => {
      const { printed } = await runCodeBlock(block)
      expect(printed.map((line) => line.replaceAll(/\s+/g, ' '))).toEqual(promised(block.code))
    },
  )

  it('passes as tests where it is tests', () => {
    const folder = fileURLToPath(new URL(`.generated/testing-${process.pid}/`, import.meta.url))
    mkdirSync(folder, { recursive: true })
    onTestFinished(() => rmSync(folder, { recursive: true }))
    for (const { line, code } of blocks.filter(isTestFile)) writeFileSync(`${folder}/line-${line}.test.ts`, code)
    const build = process.env['XSTATE_BUILD'] ?? 'development'
    const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', build, '--reporter=json', folder]
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env: cleanEnvironment() })
    const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as { numPassedTests: number; numFailedTests: number }
    expect(report.numFailedTests, stderr).toBe(0)
    expect(report.numPassedTests).toBeGreaterThanOrEqual(blocks.filter(isTestFile).length)
  }, 60_000)
})

/** Without what tells a child process that it is a worker of this one. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')))
}
