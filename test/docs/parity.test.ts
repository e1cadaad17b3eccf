/** The pages of parity name tests that exist, by file and by name; and each of their rows says how it stands. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { parseSync } from 'oxc-parser'
import { describe, expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const read = (file: string) => readFileSync(new URL(file, root), 'utf8')
const pages = readdirSync(new URL('docs/', root)).filter((name) => name.startsWith('parity-'))

/** The last cell of each row of the tables of a page. */
function proofs(page: string): string[] {
  const rows = page.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| there |'))
  return rows.map((row) => row.split(' | ').at(-1)?.replace(/ \|$/, '') ?? '')
}

/** What is wrong with a cell; undefined: nothing. */
function problem(proof: string): string | undefined {
  if (/^(?:to come: |–: )\S/.test(proof)) return undefined
  const [, file, name] = /^`(test\/[\w/.-]+)` "(.+)"$/.exec(proof) ?? []
  if (file === undefined || name === undefined) return `names no test: ${proof}`
  if (!existsSync(new URL(file, root))) return `there is no ${file}`
  return testsOf(file).includes(name) ? undefined : `${file} has no test "${name}"`
}

interface Call {
  readonly type?: string
  readonly callee?: unknown
  readonly arguments?: readonly { readonly value?: unknown }[]
}

/** The names of all tests of a file, those of each row by their pattern. */
function testsOf(file: string): string[] {
  const names: string[] = []
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const { type, callee, arguments: given = [] } = value as Call
    const name = given[0]?.value
    if (type === 'CallExpression' && typeof name === 'string' && ['test', 'it'].includes(rootOf(callee))) names.push(name)
    for (const child of Object.values(value)) visit(child)
  }
  visit(parseSync(file, read(file)).program)
  return names
}

/** `test` of `test.each(…)`. */
function rootOf(node: unknown): string {
  const { name, object, callee } = (node ?? {}) as { name?: string; object?: unknown; callee?: unknown }
  return name ?? rootOf(object ?? callee ?? { name: '' })
}

describe.each(pages)('%s', (page) => {
  it('names tests that exist, or says why there is none', () => {
    const found = proofs(read(`docs/${page}`))
    expect(found.length).toBeGreaterThan(50)
    expect(found.map(problem).filter((each) => each !== undefined)).toEqual([])
  })
})

it.each([
  ['`test/docs/parity.test.ts` "no such test"', 'test/docs/parity.test.ts has no test "no such test"'],
  ['`test/docs/nowhere.test.ts` "a"', 'there is no test/docs/nowhere.test.ts'],
  ['somewhere', 'names no test: somewhere'],
  ['to come: ', 'names no test: to come: '],
])('%s is found', (proof, complaint) => {
  expect(problem(proof)).toBe(complaint)
})
