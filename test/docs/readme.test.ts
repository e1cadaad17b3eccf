/** The code of the README runs, twice as it suggests, and its links lead somewhere. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { readPayloads } from '../../examples/github-triage/payloads.js'
import { codeBlock, codeBlocks, promised, runCodeBlock } from './code-blocks.js'

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')

it('the example of the README runs, and finds its order again when it is run a second time', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stateward-readme-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const example = codeBlock('README.md', 'Stateward')
  const replace = { "'orders.db'": JSON.stringify(join(folder, 'orders.db')) }
  const first = await runCodeBlock(example, { replace })
  expect(first.printed.toSorted()).toEqual([
    expect.stringMatching(/^42 charged as order-1\//),
    'completed',
    expect.stringMatching(/^{ status: 'delivered', revision: \d+, taken: true }$/),
  ])
  const second = await runCodeBlock(example, { replace })
  expect(second.printed).toEqual(["{ status: 'already_finished', as: 'completed' }", 'completed'])
})

it('the exploration of the README survives', async () => {
  const example = codeBlock('README.md', 'Testing')
  expect((await runCodeBlock(example)).printed).toEqual(promised(example.code))
})

it('the two examples are the only code of the README, and no longer than a page', () => {
  expect(codeBlocks('README.md').map(({ heading }) => heading)).toEqual(['Stateward', 'Testing'])
  expect(codeBlock('README.md', 'Stateward').code.split('\n').length).toBeLessThanOrEqual(32)
})

const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'docs/guide.md',
  'docs/events.md',
  'docs/finding.md',
  'docs/flow-control.md',
  'docs/stores.md',
  'docs/streams.md',
  'docs/testing.md',
  'docs/speed.md',
]

it.each(pages)('the links of %s lead somewhere', (page) => {
  const links = [...read(page).matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)]
    .map(([, to = '']) => to)
    .filter((to) => !to.includes('://'))
  expect(links.length).toBeGreaterThan(0)
  const from = new URL(`../../${page}`, import.meta.url)
  expect(links.filter((to) => !existsSync(new URL(to, from)))).toEqual([])
})

it('the commands of the README are scripts of the package', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const commands = codeBlocks('README.md', 'sh').flatMap(({ code }) => [...code.matchAll(/npm run ([\w:]+)|npm (start|test)/g)])
  expect(commands.length).toBeGreaterThan(2)
  for (const [, script, short] of commands) expect(Object.keys(scripts)).toContain(script ?? short)
})

it('the README says of speed what the table says', () => {
  const [, ratio = '', idle = ''] =
    /at 100 \(\*\*([\d.]+): met\*\*\), .*?\(\*\*([\d.]+): met\*\*\)/.exec(read('docs/speed.md')) ?? []
  expect(read('README.md')).toContain(`${ratio} times what OpenWorkflow does`)
  expect(read('README.md')).toContain(`takes ${idle} times as long`)
})

it('the README says how many payloads there are', () => {
  expect(read('README.md')).toContain(`${readPayloads().length} real GitHub webhook payloads`)
})
