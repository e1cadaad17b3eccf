/**
 * `npm run test:types`: packs the package as it would be published, installs it into an empty folder, and reads its
 * declarations with the oldest TypeScript that XState supports and with the newest, by way of `consumer.ts`.
 *
 * `skipLibCheck` is off, so that our declarations are read whole. What is wrong in a dependency's own is shown and
 * not held against us (@xstate/store 4 says `NoInfer`, which TypeScript knows since 5.4).
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'stateward-types-')))

const compilers = {
  oldest: join(here, 'node_modules/typescript/bin/tsc'),
  newest: join(root, 'node_modules/typescript/bin/tsc'),
}

/** What a user's own install would bring: the dependencies, the peers, and Node's types. */
const { dependencies, peerDependencies } = createRequire(import.meta.url)('../../package.json')
const installed = [...Object.keys({ ...dependencies, ...peerDependencies }), '@types/node', 'undici-types']

function installPackage() {
  const target = join(folder, 'node_modules/stateward')
  mkdirSync(target, { recursive: true })
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root, encoding: 'utf8' }),
  )
  execFileSync('tar', ['-xzf', join(folder, packed.filename), '-C', target, '--strip-components=1'])
  for (const name of installed) {
    if (name.includes('/')) mkdirSync(join(folder, 'node_modules', name.split('/')[0]), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), 'dir')
  }
}

function writeProject() {
  copyFileSync(join(here, 'consumer.ts'), join(folder, 'consumer.ts'))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023'],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    types: ['node'],
    strict: true,
    skipLibCheck: false,
    noEmit: true,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))
}

/** Runs a compiler; false if it finds an error in the consumer or in the package. */
function check(name, compiler) {
  const run = (...args) => spawnSync(process.execPath, [compiler, ...args], { cwd: folder, encoding: 'utf8' })
  const { status, stdout, stderr } = run('-p', folder, '--pretty', 'false')
  const errors = stdout.split('\n').filter((line) => line.includes('error TS'))
  const ours = errors.filter((line) => !line.startsWith('..'))
  const ok = ours.length === 0 && (status === 0 || errors.length > 0)
  console.log(`${name} (${run('--version').stdout.trim()}): ${ok ? 'ok' : 'not ok'}`)
  for (const line of errors) console.log(`  ${ours.includes(line) ? '' : 'in a dependency, ignored: '}${line}`)
  if (!ok && errors.length === 0) console.error(stdout, stderr)
  return ok
}

try {
  installPackage()
  writeProject()
  const results = Object.entries(compilers).map(([name, compiler]) => check(name, compiler))
  if (results.includes(false)) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
