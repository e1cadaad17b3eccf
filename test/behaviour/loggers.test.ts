/** Loggers: a function or one of levels; one that throws harms nobody. */
import { expect, onTestFinished, test, vi } from 'vitest'
import { log, setup } from 'xstate'
import { createRuntime, defineEntryPoint, type SnapshotStore } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { begin } from '../support/begin.js'

const speaker = setup({}).createMachine({
  id: 'speaker',
  initial: 'one',
  states: { one: { entry: log(({ context }) => ({ said: 'hello', context }), 'speaker'), type: 'final' } },
})
const entryPoints = [defineEntryPoint({ id: 'speaker', program: speaker })]

/** A store that can not be looked at for the work of others. */
function blind(): { store: SnapshotStore; looks: () => number } {
  let looks = 0
  const store = memoryStore()
  const inbox: SnapshotStore['inbox'] = (of) =>
    'owner' in of ? (looks++, Promise.reject(new Error('out of sight'))) : store.inbox(of)
  return { store: { ...store, inbox }, looks: () => looks }
}

test('a logger of levels gets what a program logs as info, and what the runtime warns of as one text with its error', async () => {
  const logger = {
    info: vi.fn<(...args: unknown[]) => void>(),
    warn: vi.fn<(...args: unknown[]) => void>(),
    error: vi.fn<(...args: unknown[]) => void>(),
  }
  const { store, looks } = blind()
  const runtime = await begin({ store, entryPoints, logger, pollInterval: 1 })
  await (await runtime.trigger('speaker')).result()
  expect(logger.info).toHaveBeenCalledWith('speaker', expect.objectContaining({ said: 'hello' }))
  await vi.waitFor(() => expect(looks()).toBeGreaterThan(0))
  await vi.waitFor(() => expect(logger.warn).toHaveBeenCalledWith(expect.stringContaining('out of sight'), expect.any(Error)))
})

test.each<[string, () => unknown]>([
  [
    'throws',
    () => {
      throw new Error('no space left')
    },
  ],
  ['rejects', () => Promise.reject(new Error('no space left'))],
])('a logger that %s is told once, and the runtime goes on', async (_, broken) => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  const unhandled = vi.fn<(...args: unknown[]) => void>()
  process.on('unhandledRejection', unhandled)
  onTestFinished(() => (warned.mockRestore(), void process.off('unhandledRejection', unhandled)))
  const { store, looks } = blind()
  const runtime = await begin({ store, entryPoints, logger: broken, pollInterval: 1 })
  await vi.waitFor(() => expect(looks()).toBeGreaterThan(2))
  expect(await (await runtime.trigger('speaker')).result()).toMatchObject({ status: 'completed' })
  await runtime.stop()
  expect(unhandled).not.toHaveBeenCalled()
  expect(warned.mock.calls.filter(([text]) => String(text).includes('no space left'))).toHaveLength(1)
})

test('an async inspector that rejects goes to the logger', async () => {
  const logger = vi.fn<(...args: unknown[]) => void>()
  const inspect = () => Promise.reject(new Error('blind')) as never
  const runtime = createRuntime({ store: memoryStore(), entryPoints, logger, inspect })
  await runtime.start()
  await runtime.stop()
  await vi.waitFor(() => expect(logger).toHaveBeenCalledWith('an inspector has failed', expect.any(Error)))
})

test.each([3, 'console', {}, { info() {} }])('a logger that is %j is refused', (logger) => {
  const create = () => createRuntime({ store: memoryStore(), entryPoints, logger: logger as never })
  expect(create).toThrow(expect.objectContaining({ code: 'invalid_definition' }))
})

test('what an operator must know is told once: whose executions were taken over, and which are held', async () => {
  const said: string[] = []
  const say = (level: string) => (text: unknown) => void said.push(`${level}: ${String(text)}`)
  const logger = { info: say('info'), warn: say('warn'), error: say('error') }
  const store = memoryStore()
  const waits = (id: string) => setup({}).createMachine({ id: 'm', initial: id, states: { [id]: {} } })
  const first = await begin({ store, entryPoints: [defineEntryPoint({ id: 'e', program: waits('a') })] })
  const { id } = await first.trigger('e')
  // as if its process had died
  for (const { key } of await store.owners()) await store.retire(key, { giveBack: false })
  const second = createRuntime({ store, entryPoints: [defineEntryPoint({ id: 'e', program: waits('b') })], logger })
  onTestFinished(() => second.stop())
  await second.start()
  await vi.waitFor(async () => expect(await second.execution(id).get()).toMatchObject({ status: 'paused' }))
  expect(said).toEqual([
    'info: took over 1 execution from a process that is gone',
    expect.stringMatching(`^warn: execution ${id} of e is held .*program_mismatch.*resume`),
  ])
})
