/** Proves that each test project runs the build of XState that it is named after, and only one instance of it. */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import * as xstate from 'xstate'

const build = process.env['XSTATE_BUILD']
const require = createRequire(import.meta.url)

/** A machine with an inline spawned child: the two builds disagree about it. */
function persistInlineChild() {
  const actor = xstate
    .createActor(
      xstate.createMachine({
        context: ({ spawn }) => ({ child: spawn(xstate.fromCallback(() => () => {})) }),
      }),
    )
    .start()
  return actor.getPersistedSnapshot()
}

/** The files of XState that Node has loaded in this process. */
function loadedFiles(): string[] {
  return Object.keys(require.cache).filter((file) => /[\\/]node_modules[\\/]xstate[\\/]/.test(file))
}

describe(`XState's ${build} build`, () => {
  test('is the one that the tests import', () => {
    if (build === 'development') expect(persistInlineChild).toThrow('An inline child actor cannot be persisted.')
    else expect(persistInlineChild).not.toThrow()
  })

  test('is the one that Node loads for a package beside it', () => {
    const url = import.meta.resolve('xstate')
    expect(url.includes('.development.')).toBe(build === 'development')
    const native = require('xstate') as typeof xstate
    expect(native.createActor).toBe(xstate.createActor)
  })

  test('is the only one in the process, subpaths included', async () => {
    await import('xstate/graph')
    await import('@statelyai/inspect')
    const files = loadedFiles()
    expect(files.length).toBeGreaterThan(0)
    expect(files.filter((file) => file.includes('.development.') !== (build === 'development'))).toEqual([])
  })

  test('is the one that the sources run', async () => {
    const machines: unknown[] = []
    const folder = new URL('../src/machines/', import.meta.url)
    for (const file of readdirSync(folder).filter((name) => name.endsWith('-machine.ts'))) {
      const exported: object = await import(/* @vite-ignore */ new URL(file, folder).pathname)
      machines.push(...Object.values(exported).filter((it: unknown) => it?.constructor.name === 'StateMachine'))
    }
    expect(machines.length).toBeGreaterThan(0)
    for (const machine of machines) expect(machine).toBeInstanceOf(xstate.StateMachine)
    expect(loadedFiles().filter((file) => file.includes('.development.') !== (build === 'development'))).toEqual([])
  })

  test('is the production build in a plain Node process', () => {
    const script = `process.stdout.write(import.meta.resolve('xstate'))`
    const url = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    expect(url).not.toContain('.development.')
  })
})
