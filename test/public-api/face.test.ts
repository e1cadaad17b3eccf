/** The types of the face hold: a wrong use does not compile, and nothing is `any`. */
import { execFile } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parseSync } from 'oxc-parser'
import { expect, test } from 'vitest'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

test('wrong inputs, events, ids and uses of an outcome do not compile, right ones do, and nothing leaks any', async () => {
  const tsc = at('../../node_modules/typescript/bin/tsc')
  const said = await promisify(execFile)(process.execPath, [tsc, '-p', at('./tsconfig.json'), '--pretty', 'false']).then(
    ({ stdout }) => stdout,
    (error: { stdout?: string; message: string }) => error.stdout ?? error.message,
  )
  expect(said).toBe('')
})

test('nothing that is exported has more than three type parameters', () => {
  const sources = readdirSync(at('../../src'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const crowded: string[] = []
  let generics = 0
  for (const file of sources) {
    const text = readFileSync(at(`../../src/${file}`), 'utf8')
    visit(parseSync(file, text).program, (params) => {
      generics++
      if (params.length > 3) crowded.push(`${file}: ${text.slice(params.start, params.end)}`)
    })
  }
  expect(generics).toBeGreaterThan(10)
  expect(crowded).toEqual([])
})

test('every type of the contract of a store has a name that is exported', () => {
  const declared = [
    ...readFileSync(at('../../src/persistence/snapshot-store.ts'), 'utf8').matchAll(/^export (?:interface|type) (\w+)/gm),
  ]
  const named = /export type \{([^}]*)\} from '\.\/persistence\/snapshot-store\.js'/.exec(
    readFileSync(at('../../src/index.ts'), 'utf8'),
  )
  const exported = (named?.[1] ?? '').match(/\w+/g) ?? []
  expect(declared.map(([, name]) => name).toSorted()).toEqual([...exported].toSorted())
})

interface Found {
  readonly length: number
  readonly start: number
  readonly end: number
}

function visit(node: unknown, found: (params: Found) => void): void {
  if (Array.isArray(node)) return node.forEach((each) => visit(each, found))
  if (typeof node !== 'object' || node === null) return
  const { type, params, start, end } = node as { type?: string; params?: unknown[]; start?: number; end?: number }
  if (type === 'TSTypeParameterDeclaration') found({ length: params?.length ?? 0, start: start ?? 0, end: end ?? 0 })
  for (const value of Object.values(node)) visit(value, found)
}
