/**
 * What one `trigger` and one `send` go through (npm run trace): every function of the built package is counted, on SQLite.
 *
 * A copy of `dist` is instrumented, each function with its file. A call crosses if the function that makes it, in the same
 * turn, stands in another file; it goes upward if the file that is entered imports, directly or not, the file that it is
 * entered from. Prints a table of files, and in its last line the sums: `trigger + send: N calls, F files, C crossings, U upward`.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseSync } from 'oxc-parser'

const root = fileURLToPath(new URL('..', import.meta.url))
const built = join(root, 'dist')
if (!existsSync(built)) throw new Error('There is no dist: run npm run build first.')

const functions = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

/** The files of the package, by path in `dist`. */
const files = readdirSync(built, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.js'))

// ── instrumenting ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Puts a text at places of another one. */
function inserted(source, edits) {
  let text = ''
  let from = 0
  for (const { at, put } of edits.toSorted((a, b) => a.at - b.at || a.order - b.order)) {
    text += source.slice(from, at) + put
    from = at
  }
  return text + source.slice(from)
}

function instrument(path, source) {
  const file = files.indexOf(path)
  const edits = []
  // what is opened at one place is opened from the outside in, and closed from the inside out
  const open = (at, put) => edits.push({ at, put, order: edits.length })
  const close = (at, put) => edits.push({ at, put, order: -edits.length })
  const visit = (node, own) => {
    if (typeof node !== 'object' || node === null) return
    if (Array.isArray(node)) return node.forEach((each) => visit(each, own))
    if (functions.has(node.type) && node.body) {
      const { body } = node
      const enter = `const tracedAt = tracing.enter(${file}); try {`
      const exit = `} finally { tracing.exit(tracedAt) }`
      // each `next` enters a generator; it counts once, when it is made
      if (node.generator) open(body.start + 1, `tracing.called(${file});`)
      else if (body.type === 'BlockStatement') {
        open(body.start + 1, enter)
        close(body.end - 1, exit)
      } else {
        // the parentheses around an expression are not in the tree
        open(source.lastIndexOf('=>', body.start) + 2, `{ ${enter} return (`)
        close(node.end, `) ${exit} }`)
      }
      own = node
    }
    const waits = node.type === 'AwaitExpression' && own && !own.generator
    if (waits) {
      open(node.start, `tracing.resume(tracedAt, `)
      open(node.argument.start, `tracing.suspend(tracedAt, `)
    }
    for (const [key, value] of Object.entries(node)) if (key !== 'type') visit(value, own)
    if (waits) {
      close(node.argument.end, `)`)
      close(node.end, `)`)
    }
  }
  visit(parseSync(path, source).program, undefined)
  return inserted(source, edits)
}

// ── the order of imports ────────────────────────────────────────────────────────────────────────────────────────────

/** What each source imports, types as well: `dist` has no imports of types. */
const sources = new Map(files.map((path) => [path, importsOf(path)]))
function importsOf(path) {
  const source = readFileSync(join(root, 'src', path.replace(/\.js$/, '.ts')), 'utf8')
  return [...source.matchAll(/\bfrom '(\.[^']+)'/g)].map(([, to]) => posix.join(posix.dirname(path), to))
}
const above = new Map()
/** All that a file imports, directly or not. */
function reach(path) {
  const known = above.get(path)
  if (known) return known
  const all = new Set()
  above.set(path, all)
  for (const to of sources.get(path) ?? []) {
    all.add(to)
    for (const further of reach(to)) all.add(further)
  }
  return all
}

// ── counting ────────────────────────────────────────────────────────────────────────────────────────────────────────

const counts = { on: false, calls: 0, entered: new Map(), crossings: new Map() }
/** Files of the functions that run now, in this turn. */
const stack = []

globalThis.tracing = {
  called(file) {
    if (!counts.on) return
    counts.calls++
    counts.entered.set(file, (counts.entered.get(file) ?? 0) + 1)
    const from = stack.at(-1)
    if (from === undefined || from.file === file) return
    const key = `${from.file} ${file}`
    counts.crossings.set(key, (counts.crossings.get(key) ?? 0) + 1)
  },
  enter(file) {
    this.called(file)
    const at = { file }
    stack.push(at)
    return at
  },
  exit(at) {
    const place = stack.lastIndexOf(at)
    if (place >= 0) stack.length = place
  },
  suspend(at, value) {
    this.exit(at)
    return value
  },
  resume(at, value) {
    stack.length = 0
    stack.push(at)
    return value
  },
}

function counted() {
  const crossings = [...counts.crossings].map(([key, times]) => {
    const [from, to] = key.split(' ').map((n) => files[Number(n)])
    return { from, to, times, isUpward: reach(to).has(from) }
  })
  const sum = (of) => of.reduce((total, { times }) => total + times, 0)
  return {
    calls: counts.calls,
    files: counts.entered.size,
    crossings: sum(crossings),
    upward: sum(crossings.filter(({ isUpward }) => isUpward)),
    between: crossings,
    entered: [...counts.entered].map(([file, times]) => ({ file: files[file], times })),
  }
}

// ── the run ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const folder = mkdtempSync(join(root, 'node_modules', '.trace-'))
try {
  cpSync(built, join(folder, 'dist'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  for (const path of files) {
    const at = join(folder, 'dist', path)
    writeFileSync(at, instrument(path, readFileSync(at, 'utf8')))
  }
  const load = (path) => import(pathToFileURL(join(folder, 'dist', path)).href)
  const { createRuntime, defineEntryPoint, fromStep } = await load('index.js')
  const { sqliteStore } = await load('sqlite.js')
  const { setup } = await import('xstate')

  const program = setup({ actors: { work: fromStep(async () => 'done') } }).createMachine({
    id: 'traced',
    initial: 'waiting',
    states: {
      waiting: { on: { GO: 'working' } },
      working: { invoke: { src: 'work', onDone: 'over' } },
      over: { type: 'final' },
    },
  })
  const runtime = createRuntime({
    store: sqliteStore(join(folder, 'traced.db')),
    entryPoints: [defineEntryPoint({ id: 'traced', program })],
    // no look at what others did comes in between
    pollInterval: 3_600_000,
    retentionInterval: 3_600_000,
  })
  await runtime.start()
  const once = async (traced) => {
    const rest = () => new Promise((resolve) => setTimeout(resolve, 50))
    traced.begin()
    const execution = await runtime.trigger('traced')
    traced.end()
    await rest()
    traced.begin()
    await execution.send({ type: 'GO' })
    await traced.end()
    await execution.result()
    await rest()
  }
  // what is made once, and kept, is not what every call goes through
  await once({ begin() {}, end() {} })
  await once({
    begin: () => ((stack.length = 0), (counts.on = true)),
    end: () => void (counts.on = false),
  })
  await runtime.stop()

  const { calls, files: entered, crossings, upward, between, entered: each } = counted()
  if (process.argv.includes('--all')) {
    for (const { file, times } of each.toSorted((a, b) => b.times - a.times)) console.log(`${String(times).padStart(5)}  ${file}`)
    console.log('crossings (^: upward):')
    for (const { from, to, times, isUpward } of between.toSorted((a, b) => b.times - a.times))
      console.log(`${String(times).padStart(5)}  ${isUpward ? '^' : ' '} ${from} -> ${to}`)
  }
  console.log(`trigger + send: ${calls} calls, ${entered} files, ${crossings} crossings, ${upward} upward`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
