/**
 * The package under test, as its own `exports` map shows it to a user. This folder is a package of its own (it brings
 * Node 24), so that `stateward` does not resolve to the folder above by itself.
 */
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const { STATEWARD_ROOT } = process.env
/** The folder above, or that of another build, which is measured beside it. */
const root = STATEWARD_ROOT ? pathToFileURL(`${STATEWARD_ROOT}/`) : new URL('../', import.meta.url)

const target = (entry) => (typeof entry === 'string' ? entry : target(entry.import ?? entry.default))

const entryOf = (subpath) => {
  const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
  const entry = exports?.[subpath]
  if (!entry) throw new Error(`stateward has no export ${subpath}`)
  return new URL(target(entry), root)
}

const { createRuntime, defineEntryPoint } = await import(entryOf('.'))
const { sqliteStore } = await import(entryOf('./sqlite'))

export { createRuntime, defineEntryPoint, sqliteStore }
