/**
 * The properties of the laws on sources with one line taken out, named by `MUTATION`; without it, the test that runs
 * them all. One build of XState is enough: the lines are ours.
 */
import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { mutations } from './test/properties/mutations.js'

const mutation = process.env['MUTATION'] === undefined ? undefined : mutations[Number(process.env['MUTATION'])]

const takeOut: NonNullable<ViteUserConfig['plugins']>[number] = {
  name: 'mutation',
  enforce: 'pre',
  transform(code, id) {
    if (!mutation || id !== fileURLToPath(new URL(mutation.file, import.meta.url))) return null
    if (code.split(mutation.line).length !== 2) throw new Error(`${mutation.file} has not exactly one line '${mutation.line}'`)
    return { code: code.replace(mutation.line, () => mutation.instead), map: null }
  },
}

export default defineConfig({
  plugins: [takeOut],
  test: {
    include: process.env['MUTATION']
      ? ['test/properties/laws.test.ts', 'test/properties/kept-scripts.test.ts']
      : ['test/properties/*.mutation.ts'],
    pool: 'forks',
    retry: 0,
  },
})
