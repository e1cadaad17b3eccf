/** The code of every page compiles as strictly as the sources. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { codeBlocks } from './code-blocks.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const pages = [...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`), 'README.md'].filter(
  (page) => page.endsWith('.md') && existsSync(join(root, page)),
)

it('the code of every page compiles', { timeout: 60_000 }, () => {
  mkdirSync(join(root, 'test/docs/.generated'), { recursive: true })
  const folder = mkdtempSync(join(root, 'test/docs/.generated/compile-'))
  try {
    for (const { page, line, code } of pages.flatMap((each) => codeBlocks(each)))
      writeFileSync(join(folder, `${page.replaceAll(/\W/g, '-')}-${line}.ts`), `${code}\nexport {}\n`)
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../../../tsconfig.json', include: ['*.ts'], exclude: [] }),
    )
    expect(compile(folder)).toBe('')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

/** What the compiler finds wrong. */
function compile(folder: string): string {
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], {
      cwd: folder,
      encoding: 'utf8',
    })
    return ''
  } catch (error) {
    return String((error as { stdout?: string }).stdout)
  }
}
