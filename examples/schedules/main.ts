/**
 * Reminders: type `in 5 drink some water`, `every 10 stretch`, `list` or `stop <name>`. Kill it whenever you like, and start it again:
 * what you have set is still there. `node dist-examples/schedules/main.js`
 */
import { createInterface } from 'node:readline'
import { createRuntime, defineEntryPoint } from 'stateward'
import { sqliteStore } from 'stateward/sqlite'
import { reminderOf } from './reminder.js'
import { remindersOf } from './reminders.js'

const program = reminderOf(({ text }) => console.log(`\u0007Remember: ${text}`))
const runtime = createRuntime({
  store: sqliteStore('reminders.db'),
  entryPoints: [defineEntryPoint({ id: 'reminders', program })],
  logger: console,
})
await runtime.start()
const reminders = remindersOf(runtime.schedules)
console.log('in <seconds> <text> · every <seconds> <text> · list · stop <name> · Ctrl-C')
const lines = createInterface({ input: process.stdin })
process.once('SIGINT', () => lines.close())
for await (const line of lines) {
  const [word = '', second = '', ...rest] = line.trim().split(/\s+/)
  const name = rest.join('-').replaceAll(/[^\w-]/g, '')
  const ms = Number(second) * 1_000
  if (word === 'in') console.log(await reminders.remind('you', name, rest.join(' '), { at: new Date(Date.now() + ms) }))
  else if (word === 'every') console.log(await reminders.remind('you', name, rest.join(' '), { everyMs: ms }))
  else if (word === 'stop') console.log(await reminders.takeBack('you', second))
  else console.table(await reminders.of('you'))
}
await runtime.stop()
