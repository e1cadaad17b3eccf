/**
 * Each law's property fails when the line that upholds the law is taken out. Run by `npm run test:mutations`: the
 * properties run in a process of their own, on sources in which one line is replaced (`vitest.mutations.config.ts`).
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { mutations } from './mutations.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Runs the property of one law, on the memory store; resolves with what it printed and whether it passed. */
function property(name: string, mutation: number): Promise<{ passed: boolean; printed: string }> {
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.mutations.config.ts', '-t', `memory store ${name}`]
  const env = { ...process.env, MUTATION: String(mutation), STATEWARD_RUNS: '500', STATEWARD_SEED: '20260101', NO_COLOR: '1' }
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let printed = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (printed += String(text)))
    child.on('error', reject)
    child.on('close', (code) => resolve({ passed: code === 0, printed }))
  })
}

describe('without the line that upholds it', () => {
  for (const [index, { law, script, property: fails = script ?? `law ${law}:`, name, upholds }] of mutations.entries()) {
    test(`law ${law} (${name}) is broken: ${upholds}`, async () => {
      const { passed, printed } = await property(fails, index)
      expect(printed).toContain(fails.replace(/:$/, ''))
      expect(passed).toBe(false)
      // a property or a script that failed, and not a file that could not be loaded
      expect(printed).toMatch(script === undefined ? /Property failed after \d+ tests/ : /1 failed/)
    }, 300_000)
  }
})
