/**
 * Holds the house to its plan: the layer table of ARCHITECTURE.md against every import in src, and the rules on
 * size, names, headers, the wall clock and XState's insides. Every rule is shown a bad sample that it must refuse.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { parseSync } from 'oxc-parser'
import { describe, expect, test } from 'vitest'

const root = new URL('../', import.meta.url)

interface Import {
  readonly to: string
  readonly typeOnly: boolean
}

interface Module {
  readonly path: string
  readonly source: string
  /** What it imports from src; packages are left out. */
  readonly imports: readonly Import[]
  readonly nodes: readonly Node[]
  readonly syntaxErrors: readonly string[]
}

interface Node {
  readonly type: string
  readonly [key: string]: unknown
}

interface Layer {
  readonly names: readonly string[]
  readonly mayImport: readonly { readonly name: string; readonly typesOnly: boolean }[]
}

type Rule = (modules: readonly Module[], layers: readonly Layer[]) => string[]

// Reading

function parseModule(path: string, source: string): Module {
  const { program, errors } = parseSync(path, source)
  const nodes: Node[] = []
  collect(program, nodes)
  const syntaxErrors = errors.map(({ message }) => message)
  return { path, source, nodes, syntaxErrors, imports: nodes.flatMap((node) => importOf(path, node)) }
}

function collect(value: unknown, into: Node[]): void {
  if (typeof value !== 'object' || value === null) return
  if ('type' in value && typeof value.type === 'string') into.push(value as Node)
  for (const child of Object.values(value)) collect(child, into)
}

/** Imports, re-exports, `import()` and `import('…')` in a type. An inline `type` still runs the imported module. */
function importOf(path: string, node: Node): Import[] {
  const kinds = ['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration', 'ImportExpression', 'TSImportType']
  if (!kinds.includes(node.type)) return []
  const from = (node['source'] as { value?: unknown } | null)?.value
  if (typeof from !== 'string' || !from.startsWith('.')) return []
  const typeOnly = node.type === 'TSImportType' || node['importKind'] === 'type' || node['exportKind'] === 'type'
  return [{ to: posix.join(posix.dirname(path), from).replace(/\.js$/, '.ts'), typeOnly }]
}

function readSources(): Module[] {
  return readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts'))
    .map((path) => parseModule(path, readFileSync(new URL(`src/${path}`, root), 'utf8')))
}

/** What stands for others, in one line each. */
const entries = new Set(['sqlite.ts', 'memory.ts', 'triggers.ts', 'graphs.ts', 'server.ts'])

function readLayers(markdown: string): Layer[] {
  const lines = markdown.split('\n')
  const head = lines.findIndex((line) => /^\|\s*layer\s*\|\s*may import\s*\|/.test(line))
  if (head < 0) throw new Error('no table | layer | may import |')
  const end = lines.findIndex((line, index) => index > head && !line.startsWith('|'))
  const base = quoted(lines.find((line) => line.startsWith('| base:')) ?? '')
  return lines.slice(head + 2, end < 0 ? undefined : end).map((line) => {
    const [, names = '', allowed = ''] = line.split('|')
    const isEntry = quoted(names).some(({ name }) => entries.has(name))
    return {
      names: quoted(names).map(({ name }) => name),
      mayImport:
        allowed.trim() === 'everything' ? [{ name: '', typesOnly: false }] : [...quoted(allowed), ...(isEntry ? [] : base)],
    }
  })
}

const quoted = (cell: string) =>
  [...cell.matchAll(/`([^`]+)`(\s*\(types\))?/g)].map(([, name = '', types]) => ({ name, typesOnly: types !== undefined }))

/** `actors/` covers what is in it, `clock.ts` itself, and the empty name everything. */
const covers = (name: string, path: string) => name === path || name === '' || (name.endsWith('/') && path.startsWith(name))

const longest = (names: readonly string[], path: string) =>
  Math.max(-1, ...names.filter((name) => covers(name, path)).map((name) => name.length))

function layerOf(path: string, layers: readonly Layer[]): Layer | undefined {
  const known = layers.filter((layer) => longest(layer.names, path) >= 0)
  return known.toSorted((a, b) => longest(b.names, path) - longest(a.names, path))[0]
}

// Rules

const modulesParse: Rule = (modules) =>
  modules.flatMap(({ path, syntaxErrors }) => (syntaxErrors.length > 0 ? [`${path} does not parse`] : []))

const importsFollowTheTable: Rule = (modules, layers) =>
  modules.flatMap((module) => {
    const layer = layerOf(module.path, layers)
    if (!layer) return [`${module.path} is in no layer`]
    return module.imports.flatMap(({ to, typeOnly }) => {
      if (layerOf(to, layers) === layer) return []
      const allowed = layer.mayImport.filter(({ name }) => covers(name, to))
      if (allowed.length === 0) return [`${module.path} may not import ${to}`]
      return typeOnly || allowed.some(({ typesOnly }) => !typesOnly)
        ? []
        : [`${module.path} may import ${to} with 'import type' only`]
    })
  })

const importsExist: Rule = (modules) => {
  const paths = new Set(modules.map(({ path }) => path))
  return modules.flatMap(({ path, imports }) =>
    imports.filter(({ to }) => !paths.has(to)).map(({ to }) => `${path} imports ${to}, which does not exist`),
  )
}

const thereIsNoCycle: Rule = (modules) => {
  const byPath = new Map(modules.map((module) => [module.path, module]))
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path)
    if (at >= 0) cycles.push([...trail.slice(at), path].join(' -> '))
    if (at >= 0 || done.has(path)) return
    for (const { to } of byPath.get(path)?.imports ?? []) visit(to, [...trail, path])
    done.add(path)
  }
  for (const { path } of modules) visit(path, [])
  return cycles
}

const nothingImportsTheIndex: Rule = (modules) =>
  modules.flatMap(({ path, imports }) => (imports.some(({ to }) => to === 'index.ts') ? [`${path} imports index.ts`] : []))

/** Lines of code: neither comments, nor blank, nor imports. A file that must be longer says why in its header. */
const filesAreSmall: Rule = (modules) =>
  modules.flatMap(({ path, source }) => {
    const code = source.replaceAll(/^import [^;]*? from .*$/gm, '').split('\n')
    const lines = code.filter((line) => !/^\s*(?:\/\/|\/?\*|$)/.test(line)).length
    const header = source.slice(0, source.indexOf('*/'))
    return lines > 300 && !header.includes('Longer than others because') ? [`${path} has ${lines} lines of code`] : []
  })

const filesAreNamedAfterAThing: Rule = (modules) =>
  modules
    .filter(({ path }) => /(^|[/-])(utils?|helpers?|common|types?)(\.ts$|\/)/.test(path))
    .map(({ path }) => `${path} says nothing`)

const modulesHaveAHeader: Rule = (modules) =>
  modules.filter(({ source }) => !/^\/\*\*[\s*]*[^\s*/]/.test(source)).map(({ path }) => `${path} has no header comment`)

const insides = new Set(['_actorScope', '_parent', '_relay', '_snapshot', '_processingStatus', '_send'])

const xstatesInsidesHaveOneSeam: Rule = (modules) =>
  modules
    .filter(({ path }) => !path.startsWith('actors/program/xstate/'))
    .flatMap(({ path, nodes }) =>
      keysIn(nodes)
        .filter((name) => insides.has(name))
        .map((name) => `${path} knows ${name}`),
    )

/** The members that are read: by name, by index and by destructuring. */
function keysIn(nodes: readonly Node[]): string[] {
  const keys = nodes.flatMap((node) => {
    if (node.type === 'MemberExpression') return [node['property']]
    if (node.type !== 'ObjectPattern') return []
    return (node['properties'] as readonly { key?: unknown }[]).map(({ key }) => key)
  })
  return keys.map((key) => {
    const { name, value } = (key ?? {}) as { name?: string; value?: unknown }
    return name ?? String(value)
  })
}

/** Texts that XState makes, and where its logic and its machines keep things. What an inspector gets is public (`@xstate.…`). */
const xstatesTexts = /(?<![@\w])xstate(?:\.|\$\$)/
const xstatesMembers = new Set(['implementations', '_transitions'])

/** In `machines/` the ends of a machine's own children may be named, as in any machine of a user's. */
const isOwnChildsEnd = (path: string, text: string) =>
  path.startsWith('machines/') && /^xstate\.(?:done|error)\.actor\./.test(text)

const xstatesWordsHaveOneRoom: Rule = (modules) =>
  modules
    .filter(({ path }) => !path.startsWith('actors/program/xstate/'))
    .flatMap(({ path, nodes }) =>
      [
        ...nodes.flatMap(textsIn).filter((text) => xstatesTexts.test(text) && !isOwnChildsEnd(path, text)),
        ...keysIn(nodes).filter((name) => xstatesMembers.has(name)),
      ].map((word) => `${path} knows '${word}'`),
    )

/** Strings, parts of templates, and regular expressions; no comments. */
function textsIn(node: Node): string[] {
  if (node.type === 'Literal')
    return [String((node['regex'] as { pattern?: string } | undefined)?.pattern ?? node['value']).replaceAll('\\', '')]
  return node.type === 'TemplateElement' ? [String((node['value'] as { raw: string }).raw)] : []
}

/**
 * Words for which the field has terms: pending action, inbox, notify, handle, oracle, disturbance, next status. What is stored or
 * published under such a name keeps it (`owed` of a record, `misfits()`), since no name of ours declares it anew.
 */
const dialect =
  /(?<![a-z])(?:owes|owe|debts?|repay|mail|heading|told|untold|obey|obeyed|ground|deeds?|interposed|interposition|unstorable|outliving|attending)(?![a-z])/

const words = (name: string) => name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase()

const declarations = new Set([
  'FunctionDeclaration',
  'ClassDeclaration',
  'TSInterfaceDeclaration',
  'TSTypeAliasDeclaration',
  'VariableDeclarator',
  'MethodDefinition',
  'PropertyDefinition',
  'TSPropertySignature',
  'TSMethodSignature',
])

const namesAreTheFields: Rule = (modules) =>
  modules.flatMap(({ path, nodes }) => {
    const declared = nodes
      .filter(({ type }) => declarations.has(type))
      .flatMap((node) => {
        const { name } = (node['id'] ?? node['key'] ?? {}) as { name?: string }
        return name === undefined ? [] : [name]
      })
    return [path.replaceAll('/', ' / ').replace(/\.ts$/, ''), ...declared]
      .filter((name) => dialect.test(words(name)))
      .map((name) => `${path} calls something '${name.split(' / ').at(-1)}'`)
  })

/** What the linter can't say: it bans `Date.now` and `Math.random`, but has no word for `new Date()`. */
const timeComesFromTheClock: Rule = (modules) =>
  modules
    .filter(({ path }) => path !== 'clock.ts')
    .flatMap(({ path, nodes }) =>
      nodes
        .filter(({ type, callee, arguments: given }) => {
          const isDate = (callee as { name?: string } | undefined)?.name === 'Date'
          return isDate && (type === 'CallExpression' || (type === 'NewExpression' && (given as readonly unknown[]).length === 0))
        })
        .map(() => `${path} reads the wall clock`),
    )

// The house

const sources = readSources()
const layers = readLayers(readFileSync(new URL('ARCHITECTURE.md', root), 'utf8'))

/** A rule, and for each bad sample (files by path) the complaint that it must bring. */
const rules: readonly [
  name: string,
  rule: Rule,
  samples: readonly [complaint: string, files: Readonly<Record<string, string>>][],
][] = [
  [
    'imports follow the layer table',
    importsFollowTheTable,
    [
      ['clock.ts may not import events/a.ts', { 'clock.ts': `import './events/a.js'` }],
      ['events/a.ts may not import persistence/b.ts', { 'events/a.ts': `import type { B } from '../persistence/b.js'` }],
      ['persistence/a.ts may not import machines/b.ts', { 'persistence/a.ts': `export * from '../machines/b.js'` }],
      ['persistence/a.ts may not import actors/b.ts', { 'persistence/a.ts': `const b = await import('../actors/b.js')` }],
      ['machines/a.ts may not import actors/b.ts', { 'machines/a.ts': `export type B = import('../actors/b.js').B` }],
      [
        `actors/stream/a.ts may import persistence/snapshot-store.ts with 'import type' only`,
        { 'actors/stream/a.ts': `import { type SnapshotStore } from '../../persistence/snapshot-store.js'` },
      ],
      [
        'actors/commands/a.ts may not import persistence/sqlite/sqlite-store.ts',
        { 'actors/commands/a.ts': `import type { S } from '../../persistence/sqlite/sqlite-store.js'` },
      ],
      [
        'actors/stream/a.ts may not import actors/cluster/b.ts',
        { 'actors/stream/a.ts': `import type { B } from '../cluster/b.js'` },
      ],
      [
        'actors/program/a.ts may not import actors/execution/b.ts',
        { 'actors/program/a.ts': `export { b } from '../execution/b.js'` },
      ],
      [
        'actors/commands/a.ts may not import runtime/runtime.ts',
        { 'actors/commands/a.ts': `export { createRuntime } from '../../runtime/runtime.js'` },
      ],
      ['sqlite.ts may not import errors.ts', { 'sqlite.ts': `export { StatewardError } from './errors.js'` }],
      ['runtime/runtime.ts may not import testing/a.ts', { 'runtime/runtime.ts': `import '../testing/a.js'` }],
      ['nowhere/a.ts is in no layer', { 'nowhere/a.ts': '' }],
    ],
  ],
  ['every module parses', modulesParse, [['a.ts does not parse', { 'a.ts': 'let a = (b: string' }]]],
  ['imports exist', importsExist, [['a.ts imports b.ts, which does not exist', { 'a.ts': `import './b.js'` }]]],
  [
    'there is no cycle',
    thereIsNoCycle,
    [
      ['a.ts -> b.ts -> a.ts', { 'a.ts': `import './b.js'`, 'b.ts': `import type { A } from './a.js'` }],
      ['b.ts -> c.ts -> b.ts', { 'a.ts': `import './b.js'`, 'b.ts': `export * from './c.js'`, 'c.ts': `import './b.js'` }],
      ['a.ts -> a.ts', { 'a.ts': `import './a.js'` }],
    ],
  ],
  [
    'nothing imports the index',
    nothingImportsTheIndex,
    [['testing/a.ts imports index.ts', { 'testing/a.ts': `import '../index.js'` }]],
  ],
  ['no file has more than 300 lines of code', filesAreSmall, [['a.ts has 301 lines of code', { 'a.ts': 'let a\n'.repeat(301) }]]],
  [
    'files are named after a thing',
    filesAreNamedAfterAThing,
    [
      ['actors/utils.ts says nothing', { 'actors/utils.ts': '' }],
      ['helpers/a.ts says nothing', { 'helpers/a.ts': '' }],
      ['actors/stream-types.ts says nothing', { 'actors/stream-types.ts': '' }],
    ],
  ],
  [
    'every module starts with a header',
    modulesHaveAHeader,
    [
      ['a.ts has no header comment', { 'a.ts': `import 'xstate'\n/** Late. */` }],
      ['a.ts has no header comment', { 'a.ts': `/** */\nimport 'xstate'` }],
    ],
  ],
  [
    `XState's insides have one seam`,
    xstatesInsidesHaveOneSeam,
    [
      ['actors/a.ts knows _parent', { 'actors/a.ts': `declare const a: any\na._parent?.send()` }],
      ['actors/a.ts knows _snapshot', { 'actors/a.ts': `declare const a: any\na['_snapshot']` }],
      ['actors/a.ts knows _relay', { 'actors/a.ts': `declare const a: any\nconst { _relay: relay } = a` }],
    ],
  ],
  [
    `XState's words have one room`,
    xstatesWordsHaveOneRoom,
    [
      [
        `actors/program/a.ts knows 'xstate.after.'`,
        { 'actors/program/a.ts': `export const isTimer = (type: string) => type.startsWith('xstate.after.')` },
      ],
      [
        `testing/a.ts knows 'xstate.done.actor.'`,
        { 'testing/a.ts': 'export const done = (id: string) => `xstate.done.actor.${id}`' },
      ],
      [
        `actors/execution/a.ts knows '^xstate.invoke.'`,
        { 'actors/execution/a.ts': String.raw`export const isInline = /^xstate\.invoke\./` },
      ],
      [
        `runtime/a.ts knows 'xstate$$type'`,
        { 'runtime/a.ts': `export const isRef = (value: object) => 'xstate$$type' in value` },
      ],
      [
        `actors/stream/a.ts knows 'implementations'`,
        { 'actors/stream/a.ts': `export const actors = (logic: any) => logic.implementations.actors` },
      ],
      [`machines/a.ts knows 'xstate.after.1'`, { 'machines/a.ts': `export const on = { 'xstate.after.1': {} }` }],
    ],
  ],
  [
    `names are the field's`,
    namesAreTheFields,
    [
      [`actors/execution/execution-mail.ts calls something 'execution-mail'`, { 'actors/execution/execution-mail.ts': '' }],
      [`a.ts calls something 'payDebts'`, { 'a.ts': 'export class A { payDebts() {} }' }],
      [`a.ts calls something 'untold'`, { 'a.ts': 'const untold: string[] = []' }],
      [`a.ts calls something 'Ground'`, { 'a.ts': 'export interface Ground {}' }],
      [`a.ts calls something 'isTold'`, { 'a.ts': 'export interface A { readonly isTold: boolean }' }],
    ],
  ],
  [
    'time comes from the clock',
    timeComesFromTheClock,
    [
      ['ids.ts reads the wall clock', { 'ids.ts': 'const now = new Date()' }],
      ['ids.ts reads the wall clock', { 'ids.ts': 'const now = Date()' }],
    ],
  ],
]

describe.each(rules)('%s', (_name, rule, samples) => {
  test('in src', () => {
    expect(rule(sources, layers)).toEqual([])
  })

  test.each(samples)('and a bad sample brings: %s', (complaint, files) => {
    const modules = Object.entries(files).map(([path, source]) => parseModule(path, source))
    expect(rule(modules, layers)).toContain(complaint)
  })
})

describe('the layer table', () => {
  test('names only what exists, and everything once', () => {
    const names = layers.flatMap((layer) => layer.names)
    expect(names).toEqual([...new Set(names)])
    expect(names.filter((name) => !sources.some(({ path }) => covers(name, path)))).toEqual([])
  })

  test('must be there', () => {
    expect(() => readLayers('# Architecture\n')).toThrow('no table')
  })

  test('lets a more specific row win', () => {
    const table = readLayers('| layer | may import |\n|---|---|\n| `a/` | nothing |\n| `a/b.ts` | `c.ts` (types) |\n')
    expect(layerOf('a/b.ts', table)?.mayImport).toEqual([{ name: 'c.ts', typesOnly: true }])
    expect(layerOf('a/c.ts', table)?.mayImport).toEqual([])
    expect(layerOf('d.ts', table)).toBeUndefined()
  })
})
