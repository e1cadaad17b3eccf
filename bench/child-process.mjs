/**
 * Starts a module of this folder in a process of its own, on Node 24 and in production mode, and gives its answer.
 * Node 24 comes from the npm package `node` of this folder, unless the current one is new enough.
 */
import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

const findNode = () => {
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  const own = here('node_modules/node/bin/node')
  if (!existsSync(own)) throw new Error('Node 24 is missing: run `npm ci --prefix bench` first')
  return own
}

/** Starts `file` with `job` as its JSON argument; the caller listens and ends it. */
export const start = (file, job, { gc = false } = {}) =>
  fork(here(file), [JSON.stringify(job)], {
    execPath: findNode(),
    execArgv: ['--no-warnings', ...(gc ? ['--expose-gc'] : [])],
    env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })

/** Runs `file` to its end and resolves with the one message that it sends. */
export const measure = (file, job, options) =>
  new Promise((resolve, reject) => {
    const child = start(file, job, options)
    let answer
    child.on('message', (message) => {
      answer = message
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      if (code === 0 && answer) resolve(answer)
      else reject(new Error(`${file} ${JSON.stringify(job)} ended with ${signal ?? code} and ${answer ? 'an' : 'no'} answer`))
    })
  })
