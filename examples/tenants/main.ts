/** Three kinds of flow control at work: `node dist-examples/tenants/main.js`. */
import { setTimeout as wait } from 'node:timers/promises'
import { createRuntime } from 'stateward'
import { sqliteStore } from 'stateward/sqlite'
import { imports } from './imports.js'
import { mailsBy } from './mails.js'
import { previewsBy } from './previews.js'

const mails = mailsBy(async ({ to }) => console.log(`mail to ${to}`))
const previews = previewsBy(async ({ page, version }, signal) => {
  await wait(200, undefined, { signal })
  return `/${page}/${version}`
})
const runtime = createRuntime({ store: sqliteStore('tenants.db'), entryPoints: [imports, mails, previews], logger: console })
await runtime.start()
const crowd = Array.from({ length: 100 }, () => runtime.trigger('imports', { tenant: 'crowd', rows: ['a', 'b'] }))
const small = await runtime.trigger('imports', { tenant: 'small', rows: ['c'] })
console.log('small has imported', await small.result())
await Promise.all(crowd)
for (const to of ['ann', 'ben', 'cleo', 'dan', 'eve', 'finn']) await runtime.trigger('mails', { to, text: 'Hello.' })
for (const version of [1, 2, 3]) await runtime.trigger('previews', { page: 'home', version })
await runtime.drain()
await wait(1_000)
await runtime.stop()
