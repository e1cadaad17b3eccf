/**
 * `npm run bench`: the comparison (compare.mjs), then growth and recovery (growth.mjs). Needs the package built and this
 * folder's own dependencies. Flags: --quick, --rounds N, --markdown, --strict, --before FOLDER (of another build, for the comparison),
 * and --json FILE, which the comparison writes; growth writes beside it, to FILE.growth.json. Each part can be run by itself and has flags of its own.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const {
  values: { before, ...flags },
} = parseArgs({
  options: {
    quick: { type: 'boolean' },
    markdown: { type: 'boolean' },
    strict: { type: 'boolean' },
    rounds: { type: 'string' },
    json: { type: 'string' },
    before: { type: 'string' },
  },
})

const part = (file, json, own = {}) => {
  const given = Object.entries({ ...flags, ...own, json }).filter(([, value]) => value !== undefined)
  const args = given.map(([name, value]) => (value === true ? `--${name}` : `--${name}=${value}`))
  const { status } = spawnSync(process.execPath, [fileURLToPath(new URL(file, import.meta.url)), ...args], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = status ?? 1
}

part('compare.mjs', flags.json, { before })
console.log()
part('growth.mjs', flags.json && `${flags.json}.growth.json`)
