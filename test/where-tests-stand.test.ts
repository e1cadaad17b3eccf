/**
 * Holds the tests to their page: where they stand, and what they are called. Every rule is shown bad samples that it must
 * refuse; what is inside the tests is none of its business.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { parseSync } from 'oxc-parser'
import { describe, expect, test } from 'vitest'

const root = new URL('../', import.meta.url)

const filesIn = (folder: string) =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts') && !path.includes('node_modules/') && !path.includes('.generated/'))

/** Those of no one module: they hold the house. */
const house = new Set(['layers.test.ts', 'where-tests-stand.test.ts', 'xstate-build.test.ts'])
/** The folders in which a test is of one module. */
const ofModules = /^(?:(?:actors|codec|events|machines|persistence|runtime|server|triggers)\/.+|[^/]+)\.test\.ts$/

/** Tests without a module of their name, or of the beginning of it, in the same folder of src. */
function withoutModule(tests: readonly string[], sources: readonly string[]): string[] {
  const modules = new Set(sources.map((path) => path.replace(/\.ts$/, '')))
  const begun = (path: string): string[] => [path, ...(/-[^/-]*$/.test(path) ? begun(path.replace(/-[^/-]*$/, '')) : [])]
  return tests.filter((path) => {
    if (house.has(path) || !ofModules.test(path)) return false
    return !begun(path.replace(/\.test\.ts$/, '')).some((name) => modules.has(name))
  })
}

/** Folders, and tests in no folder, that the page does not name. */
function unnamed(tests: readonly string[], page: string): string[] {
  const places = tests.flatMap((path) => (path.includes('/') ? [path.replace(/\/.*/, '/')] : house.has(path) ? [path] : []))
  return [...new Set(places)].filter((place) => !page.includes(`\`${place}\``))
}

/** Names of tests that begin with a code, which means nothing to who has not got the list. */
function coded(path: string, source: string): string[] {
  if (!/['"`][A-Z]{1,2}-?\d/.test(source)) return []
  const names: string[] = []
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const node = value as { type?: string; callee?: unknown; arguments?: readonly { value?: unknown; quasis?: unknown }[] }
    if (node.type === 'CallExpression' && ['test', 'it', 'describe'].includes(rootOf(node.callee))) {
      const [first] = node.arguments ?? []
      const [quasi] = (first?.quasis ?? []) as { value: { raw: string } }[]
      const name = first?.value ?? quasi?.value.raw
      if (typeof name === 'string') names.push(name)
    }
    for (const child of Object.values(value)) visit(child)
  }
  visit(parseSync(path, source).program)
  return names.filter((name) => /^[A-Z]{1,2}-?\d+[a-z]?\b/.test(name))
}

/** `test` of `test.each(…)`. */
function rootOf(node: unknown): string {
  const { name, object, callee } = (node ?? {}) as { name?: string; object?: unknown; callee?: unknown }
  return name ?? rootOf(object ?? callee ?? { name: '' })
}

const tests = filesIn('test/')

describe('a test of one module stands in the folder of its module, under its name', () => {
  test('in this repository', () => {
    expect(withoutModule(tests, filesIn('src/'))).toEqual([])
  })

  test('and is refused elsewhere', () => {
    const given = [
      'actors/a.test.ts',
      'codec/a.test.ts',
      'codec/b-refusals.test.ts',
      'codec/bc.test.ts',
      'd.test.ts',
      'behaviour/e.test.ts',
    ]
    expect(withoutModule(given, ['actors/stream/a.ts', 'codec/a.ts', 'codec/b.ts'])).toEqual([
      'actors/a.test.ts',
      'codec/bc.test.ts',
      'd.test.ts',
    ])
  })
})

describe('the page of the tests names each folder', () => {
  test('in this repository', () => {
    expect(unnamed(tests, readFileSync(new URL('test/README.md', root), 'utf8'))).toEqual([])
  })

  test('and one that it does not name is found', () => {
    expect(unnamed(['codec/a.test.ts', 'faults/b.test.ts', 'layers.test.ts'], '| `codec/` |')).toEqual([
      'faults/',
      'layers.test.ts',
    ])
  })
})

describe('no name of a test is a code of a list that is not here', () => {
  test('in this repository', () => {
    expect(tests.flatMap((path) => coded(path, readFileSync(new URL(`test/${path}`, root), 'utf8')))).toEqual([])
  })

  const code = 'B10'
  test.each([
    [`test('${code}: a pause', () => {})`],
    [`describe('${code}', () => {})`],
    [`it.each([1])(\`${code}b a pause of \${1}\`, () => {})`],
    [`describe.each([1])('%s', () => test('${code}: a pause', () => {}))`],
  ])('and is refused: %s', (source) => {
    expect(coded('a.ts', source)).toHaveLength(1)
  })
})
