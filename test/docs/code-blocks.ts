/**
 * Runs the code of a page as its reader would.
 *
 * Owns: finding the ```ts blocks of a Markdown page, and running one as a module of its own. A block stands for itself:
 * it has its imports, may await at the top, and what it exports or prints is what a test looks at.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { format } from 'node:util'
import { expect, onTestFinished, vi } from 'vitest'

/** One block of code of a page. */
export interface CodeBlock {
  readonly page: string
  /** The text of the nearest heading above it. */
  readonly heading: string
  /** The first line of the code, for messages. */
  readonly line: number
  readonly code: string
}

/** What a block left behind. */
export interface BlockRun {
  readonly exports: Readonly<Record<string, unknown>>
  /** What it printed with `console.log`, a text a call; grows until the test ends. */
  readonly printed: readonly string[]
}

const root = new URL('../../', import.meta.url)
const folder = new URL('.generated/', import.meta.url)
let count = 0

/** The blocks of a page in the repository, such as `docs/inspector.md`, in their order; `language` is what stands after the fence. */
export function codeBlocks(page: string, language = 'ts'): CodeBlock[] {
  const blocks: CodeBlock[] = []
  let heading = ''
  let open: { language: string; line: number; lines: string[] } | undefined
  for (const [index, text] of readFileSync(new URL(page, root), 'utf8').split('\n').entries()) {
    const fence = /^```\s*(\S*)/.exec(text)
    if (open && fence) {
      if (open.language === language) blocks.push({ page, heading, line: open.line, code: open.lines.join('\n') })
      open = undefined
    } else if (open) open.lines.push(text)
    else if (fence) open = { language: fence[1] ?? '', line: index + 2, lines: [] }
    else heading = /^#+ (.*)/.exec(text)?.[1]?.trim() ?? heading
  }
  return blocks
}

/** What the comments `// prints …` of a block promise, in their order. */
export const promised = (code: string) => [...code.matchAll(/\/\/ prints (.*)$/gm)].map(([, text]) => text)

/** The one block under a heading; fails if there is none or more than one. */
export function codeBlock(page: string, heading: string): CodeBlock {
  const found = codeBlocks(page).filter((block) => block.heading === heading)
  expect(found, `blocks of ${page} under "${heading}"`).toHaveLength(1)
  return found[0] as CodeBlock
}

/**
 * Runs a block. `before` is code that goes ahead of it on its first line (what the page takes for granted);
 * `replace` puts other texts in place of some of its own, such as a path: each must occur.
 */
export async function runCodeBlock(
  block: CodeBlock,
  { before = '', replace = {} }: { before?: string; replace?: Readonly<Record<string, string>> } = {},
): Promise<BlockRun> {
  let { code } = block
  for (const [text, other] of Object.entries(replace)) {
    expect(code, `${block.page}:${block.line}`).toContain(text)
    code = code.replaceAll(text, other)
  }
  mkdirSync(folder, { recursive: true })
  const name = `${block.page.replaceAll(/\W/g, '-')}-${block.line}-${process.pid}-${++count}.ts`
  const file = fileURLToPath(new URL(name, folder))
  writeFileSync(file, `${before}${before === '' ? '' : ';'}${code}\nexport {}\n`)
  const printed: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((...parts: unknown[]) => void printed.push(format(...parts)))
  onTestFinished(() => log.mockRestore())
  try {
    const exports = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Record<string, unknown>
    return { exports, printed }
  } finally {
    rmSync(file)
  }
}
