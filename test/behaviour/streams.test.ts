/** What steps say while they run: drafts that are read in every process, and told as committed or abandoned. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { setup } from 'xstate'
import { createClient, defineEntryPoint, fromStep, type StepChunk } from '../../src/index.js'
import { exploreCrashes, faultyStore } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { memoryPlace, places } from '../support/store-place.js'

const words = ['to', 'be', 'or', 'not']

const speaking = (id: string, fn: Parameters<typeof fromStep<string>>[0], maxAttempts = 1) =>
  defineEntryPoint({
    id,
    cancelTimeout: 0,
    program: setup({ actors: { speak: fromStep(fn, { retry: { maxAttempts, backoff: { initial: 1 } } }) } }).createMachine({
      id: 'speech',
      initial: 'speaking',
      states: {
        speaking: { invoke: { id: 'speak', src: 'speak', onDone: 'done' }, on: { STOP: 'done' } },
        done: { type: 'final' },
      },
    }),
  })

async function heard(stream: AsyncIterable<StepChunk>, most = Infinity): Promise<StepChunk[]> {
  const all: StepChunk[] = []
  for await (const entry of stream) if (all.push(entry) >= most) break
  return all
}

const shown = (entries: readonly StepChunk[]) =>
  entries.map((entry) => `${entry.offset} ${entry.type === 'chunk' ? String(entry.data) : entry.type} ${entry.attempt}`)

describe.each(places)('on %s', (_, place) => {
  test('every chunk comes once, in order, with its step, here and in another process, from any offset', async () => {
    const shared = place()
    const poems = speaking('poems', async ({ stream }) => {
      for (const word of words) await stream(word)
      return 'said'
    })
    const runtime = await begin({ store: shared.connect(), entryPoints: [poems] })
    const client = createClient({ store: shared.connect(), entryPoints: [poems], pollInterval: 5 })
    onTestFinished(() => client.close())
    const poem = await client.trigger('poems', undefined, { id: 'p' })
    const [here, there] = await Promise.all([heard(runtime.execution('p').stream()), heard(poem.stream())])
    expect(shown(here)).toEqual(['1 to 1', '2 be 1', '3 or 1', '4 not 1', '5 committed 1'])
    expect(there).toEqual(here)
    expect(here[0]).toMatchObject({ type: 'chunk', step: 'speak', name: 'speak', key: 'p/speak#1' })
    expect(new Set(here.map(({ run }) => run)).size).toBe(1)
    expect(shown(await heard(poem.stream({ since: 3 })))).toEqual(['4 not 1', '5 committed 1'])
    expect(await heard(poem.stream({ since: 5 }))).toEqual([])
    expect(await heard(client.execution('nobody').stream())).toEqual([])
    // a draft never reaches the program
    expect(JSON.stringify(await poem.get())).not.toContain('be')
  })

  test('an attempt that fails is told as abandoned before the next one speaks; a step that is left, with its end', async () => {
    const poems = speaking(
      'poems',
      async ({ stream, attempt, signal }) => {
        await stream(`try ${attempt}`)
        if (attempt === 1) throw new Error('lost the thread')
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        return ''
      },
      2,
    )
    const runtime = await begin({ store: place().connect(), entryPoints: [poems] })
    const poem = await runtime.trigger('poems')
    const stream = poem.stream()
    expect(shown(await heard(stream, 3))).toEqual(['1 try 1 1', '2 abandoned 1', '3 try 2 2'])
    await poem.send({ type: 'STOP' })
    await poem.result()
    expect(shown(await heard(poem.stream({ since: 3 })))).toEqual(['4 abandoned 2'])
  })

  test('a process that dies abandons its run, and its late chunks are not among those of the next owner', async () => {
    const shared = place()
    const late: ((chunk: string) => Promise<void>)[] = []
    const first = speaking('poems', async ({ stream }) => {
      late.push(stream)
      await stream('first')
      return new Promise<string>(() => undefined)
    })
    const mortal = shared.connect()
    await (await begin({ store: mortal, entryPoints: [first] })).trigger('poems', undefined, { id: 'p' })
    const watcher = createClient({ store: shared.connect(), entryPoints: [first], pollInterval: 5 })
    onTestFinished(() => watcher.close())
    const entries = watcher.execution('p').stream()
    expect(shown(await heard(entries, 1))).toEqual(['1 first 1'])
    mortal.cut()
    const second = speaking('poems', async ({ stream }) => {
      await stream('second')
      void late[0]?.('too late')
      await stream('third')
      return ''
    })
    await begin({ store: shared.connect(), entryPoints: [second] })
    expect(shown(await heard(watcher.execution('p').stream({ since: 1 })))).toEqual([
      '2 abandoned 1',
      '3 second 1',
      '4 third 1',
      '5 committed 1',
    ])
  })

  test('a reader ends without an error when its runtime stops, after all that is stored, as one of the journal does', async () => {
    const poems = speaking('poems', async ({ stream, signal }) => {
      for (const word of words) await stream(word)
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return ''
    })
    const runtime = await begin({ store: place().connect(), entryPoints: [poems] })
    const poem = await runtime.trigger('poems')
    const all = await heard(poem.stream(), words.length)
    const behind: StepChunk[] = []
    // one that waits, one that is still at the beginning, and one that has read nothing yet
    const waits = heard(poem.stream({ since: words.length }))
    const slow = (async () => {
      for await (const entry of poem.stream()) {
        if (behind.push(entry) === 1) await runtime.closed
      }
    })()
    await eventually('both read', () => behind.length === 1)
    const fresh = poem.stream()
    const stopped = runtime.stop()
    expect(await waits).toEqual([])
    await stopped
    await slow
    expect(behind).toEqual(all)
    // what begins to read once it has stopped is refused
    for (const late of [fresh, poem.stream(), runtime.events({ since: 0 })])
      await expect(late.next()).rejects.toMatchObject({ code: 'already_stopped' })
  })

  test('a run whose execution is cancelled is abandoned, also for a reader that comes later', async () => {
    const poems = speaking('poems', async ({ stream, signal }) => {
      await stream('half')
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return ''
    })
    const runtime = await begin({ store: place().connect(), entryPoints: [poems] })
    const poem = await runtime.trigger('poems')
    expect(await heard(poem.stream(), 1)).toHaveLength(1)
    await poem.cancel()
    expect((await heard(poem.stream())).map(({ type }) => type)).toEqual(['chunk', 'abandoned'])
  })

  test('runs that nobody has ended when their execution does have offsets of their own: a reader goes on behind each', async () => {
    const shared = place()
    const choir = (speaks: boolean) => {
      const voice = fromStep(async ({ stream, signal }) => {
        if (speaks) await stream('la')
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
      })
      const names = ['soprano', 'alto', 'bass']
      return defineEntryPoint({
        id: 'choir',
        cancelTimeout: 0,
        program: setup({ actors: { voice } }).createMachine({
          id: 'choir',
          type: 'parallel',
          states: Object.fromEntries(names.map((name) => [name, { invoke: { id: name, src: 'voice' } }])),
        }),
      })
    }
    const store = shared.connect()
    const first = await begin({ store, entryPoints: [choir(true)] })
    const song = await first.trigger('choir')
    expect(await heard(song.stream(), 3)).toHaveLength(3)
    store.cut()
    // they run again, and say nothing
    const second = await begin({ store: shared.connect(), entryPoints: [choir(false)] })
    expect(await second.execution(song.id).cancel()).toMatchObject({ status: 'cancelled' })
    const again = second.execution(song.id)
    const all = await heard(again.stream())
    expect(shown(all).slice(3)).toEqual(['4 abandoned 1', '5 abandoned 1', '6 abandoned 1'])
    for (const since of [3, 4, 5, 6]) {
      const rest = await heard(again.stream({ since }))
      expect(rest.map(({ offset, run }) => [offset, run])).toEqual(all.slice(since).map(({ offset, run }) => [offset, run]))
    }
    expect(await heard(again.stream({ since: 99 }))).toEqual([])
  })
})

test('a value that can not be stored fails the step, with its path', async () => {
  const poems = speaking('poems', async ({ stream }) => {
    void stream({ words: [() => 'to be'] })
    return 'said'
  })
  const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [poems] })
  const poem = await runtime.trigger('poems')
  expect(await poem.result()).toMatchObject({ status: 'failed', error: { code: 'not_storable', details: { path: 'words[0]' } } })
})

test('a step that is faster than the store is held up if it waits, and refused if it does not', async () => {
  let release: () => void = () => undefined
  const gate = new Promise<void>((resolve) => (release = resolve))
  const store = memoryPlace().connect((inner) => ({ appendChunks: (batch) => gate.then(() => inner.appendChunks(batch)) }))
  let said = 0
  const patient = speaking('patient', async ({ stream }) => {
    for (; said < 3_000; said++) await stream(said)
    return ''
  })
  const hasty = speaking('hasty', ({ stream }) => {
    for (let n = 0; n < 20_000; n++) void stream(n)
    return 'done'
  })
  const runtime = await begin({ store, entryPoints: [patient, hasty] })
  const slow = await runtime.trigger('patient')
  const fast = await runtime.trigger('hasty')
  // no other step waits for the store that is held up
  expect(await fast.result()).toMatchObject({ status: 'failed', error: { code: 'stream_full' } })
  expect(said).toBeLessThan(1_100)
  release()
  expect(await slow.result()).toMatchObject({ status: 'completed' })
  const entries = await heard(slow.stream())
  expect(entries.map((entry) => (entry.type === 'chunk' ? entry.data : entry.type))).toEqual([
    ...Array.from({ length: 3_000 }, (_, n) => n),
    'committed',
  ])
})

test('a store that fails fails the step, which is tried again as it says', async () => {
  const store = faultyStore(memoryPlace().connect())
  const poems = speaking(
    'poems',
    async ({ stream, attempt }) => {
      await stream(`try ${attempt}`)
      return ''
    },
    2,
  )
  const runtime = await begin({ store, entryPoints: [poems] })
  store.inject({ kind: 'throw', call: 'appendChunks', times: 1 })
  const poem = await runtime.trigger('poems')
  expect(await poem.result()).toMatchObject({ status: 'completed' })
  expect(shown(await heard(poem.stream()))).toEqual(['1 try 2 2', '2 committed 2'])
})

test('a slow reader holds up nobody, and gets everything', async () => {
  const poems = speaking('poems', async ({ stream }) => {
    for (let n = 0; n < 1_200; n++) await stream(n)
    return ''
  })
  const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [poems] })
  const poem = await runtime.trigger('poems')
  const slow = poem.stream()
  await slow.next()
  expect(await poem.result()).toMatchObject({ status: 'completed' })
  expect(await heard(slow)).toHaveLength(1_200)
  const controller = new AbortController()
  const open = runtime.execution(poem.id).stream({ signal: controller.signal })
  await open.next()
  controller.abort()
  expect(await open.next()).toEqual({ done: true, value: undefined })
  await expect(heard(poem.stream({ since: -1 }))).rejects.toMatchObject({ code: 'invalid_option', details: { option: 'since' } })
})

test.each(places)(
  'a crash around any write leaves one run committed, whole, and the others abandoned, on %s',
  async (_, place) => {
    let last: ReturnType<typeof place> | undefined
    const report = await exploreCrashes(
      () =>
        speaking('poems', async ({ stream }) => {
          for (const word of words) await stream(word)
          return 'said'
        }),
      async (runtime) => {
        const poem = await runtime.trigger('poems')
        await poem.result()
        const entries = await heard(poem.stream())
        const committed = entries.filter(({ type }) => type === 'committed')
        const good = entries.filter((entry) => entry.type === 'chunk' && entry.run === committed[0]?.run)
        const runs = new Set(entries.map(({ run }) => run))
        const ended = entries.filter(({ type }) => type !== 'chunk').length
        return {
          good: good.map((entry) => (entry.type === 'chunk' ? entry.data : '')),
          committed: committed.length,
          isWhole: ended === runs.size,
        }
      },
      {
        store: () => {
          void last?.remove()
          return (last = place()).open
        },
        invariant({ returned }) {
          expect(returned).toEqual({ good: words, committed: 1, isWhole: true })
        },
      },
    )
    expect(report).toMatchObject({ leftOut: 0, unreached: 0 })
  },
  60_000,
)
