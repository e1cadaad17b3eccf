/**
 * A greeter for GitHub's issues, over HTTP. Kill it whenever you like: a delivery that was answered 202 is greeted once it runs again.
 *
 *   GITHUB_SECRET=… PORT=8080 node dist-examples/webhooks/main.js
 */
import { sqliteStore } from 'stateward/sqlite'
import { startGreeter } from './start.js'

const { GITHUB_SECRET: secret, PORT: port = '8080', DB: db = 'greeter.db', COMMENTS: comments = 'comments.log' } = process.env
if (secret === undefined) throw new Error('Set GITHUB_SECRET to the secret that you have given to GitHub.')
const { url, stop } = await startGreeter({ store: sqliteStore(db), secret, comments, port: Number(port) })
process.stdout.write(`GitHub may deliver to ${url}/github\n`)
const quit = () => void stop().catch((error: unknown) => process.stderr.write(`${String(error)}\n`))
process.once('SIGINT', quit)
process.once('SIGTERM', quit)
