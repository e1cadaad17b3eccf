/** What XState reads of a program's system: a member that a new version reads must be made here, and known, first. */
import {
  cancel,
  createMachine,
  emit,
  fromCallback,
  fromEventObservable,
  fromObservable,
  fromPromise,
  fromTransition,
  log,
  raise,
  sendParent,
  sendTo,
  spawnChild,
  stopChild,
  type AnyActorRef,
} from 'xstate'
import { expect, test, vi } from 'vitest'
import { recordedProgram } from './recorded-system.js'

/** All that XState 5.33 reads of a system, apart from what it reads of the root's while it makes the root. */
const known = [
  '_bookId',
  '_clock',
  '_logger',
  '_register',
  '_relay',
  '_sendInspectionEvent',
  '_set',
  '_unregister',
  'scheduler',
  'scheduler.cancel',
  'scheduler.cancelAll',
  'scheduler.schedule',
]

const once = <T>(value: T) => ({
  subscribe(observer: { next(value: T): void; complete(): void }) {
    observer.next(value)
    observer.complete()
    return { unsubscribe: () => undefined }
  },
})

const inside = createMachine({
  id: 'inside',
  initial: 'waiting',
  states: { waiting: { after: { 50: 'end' }, on: { END: 'end' } }, end: { type: 'final', entry: sendParent({ type: 'BYE' }) } },
})

const counter = fromTransition((count: number) => count + 1, 0)

/** A machine that does everything that a machine can do. */
const rich = createMachine({
  id: 'rich',
  context: ({ spawn }) => ({ eager: spawn(counter, { id: 'eager', systemId: 'eager', syncSnapshot: true }) }),
  entry: [
    raise({ type: 'LATER' }, { id: 'later', delay: 100 }),
    sendTo('eager', { type: 'MORE' }),
    sendTo('eager', { type: 'MORE' }, { id: 'slow', delay: 100 }),
    emit({ type: 'TOLD' }),
    log('a line'),
    spawnChild(counter, { id: 'spawned', systemId: 'spawned' }),
  ],
  invoke: [
    { src: fromPromise(() => Promise.resolve(1)), id: 'good', systemId: 'good', onDone: {} },
    { src: fromPromise(() => Promise.reject(new Error('no'))), id: 'bad', onError: {} },
    { src: fromObservable(() => once(1) as never), id: 'values', onSnapshot: {}, onDone: {} },
    { src: fromEventObservable(() => once({ type: 'SEEN' }) as never), id: 'events', onDone: {} },
    {
      src: fromCallback(({ sendBack, receive }) => {
        sendBack({ type: 'BACK' })
        receive(() => undefined)
        return () => undefined
      }),
      id: 'callback',
    },
    { src: inside, id: 'inside', onDone: {} },
  ],
  on: {
    LEAVE: '.left',
    GO: { actions: [cancel('later'), sendTo('inside', { type: 'END' }), stopChild('spawned')] },
  },
  initial: 'here',
  states: {
    here: { after: { 10: 'later' } },
    later: {},
    left: { type: 'final', entry: () => undefined },
  },
})

async function richRun() {
  const run = recordedProgram(rich)
  run.program.start()
  run.program.root.subscribe(() => undefined)
  const status = (id: string) =>
    (run.program.root.getSnapshot().children as Record<string, AnyActorRef>)[id]?.getSnapshot().status
  await vi.waitFor(() => expect([status('good'), status('bad')]).toEqual(['done', 'error']))
  return run
}

test('XState reads these members of a system, and no others', async () => {
  const { program, read, outcomes } = await richRun()
  program.send({ type: 'GO' })
  const stored: unknown = JSON.parse(JSON.stringify(program.persisted()))
  program.send({ type: 'LEAVE' })
  expect(outcomes).toMatchObject([{ status: 'done' }])

  const again = recordedProgram(rich, { snapshot: stored })
  again.program.start()
  again.program.stop()
  for (const member of again.read) read.add(member)
  expect([...read].toSorted()).toEqual(known)
})

test('a timer is scheduled with its id, for the source that asked; the ids of delays name their state', async () => {
  const { words } = await richRun()
  expect(words.filter(({ word }) => word === 'schedule')).toEqual([
    { word: 'schedule', source: 'inside', id: 'xstate.after.50.inside.waiting' },
    { word: 'schedule', source: '', id: 'later' },
    { word: 'schedule', source: '', id: 'slow' },
    { word: 'schedule', source: '', id: 'xstate.after.10.rich.here' },
  ])
})

test('`cancel` and a state that is left cancel by id; an actor that ends cancels all of its own', async () => {
  const { program, words } = await richRun()
  words.length = 0
  program.send({ type: 'GO' })
  expect(words).toContainEqual({ word: 'cancel', source: '', id: 'later' })
  expect(words).toContainEqual({ word: 'cancel', source: 'inside', id: 'xstate.after.50.inside.waiting' })
  expect(words).toContainEqual({ word: 'cancelAll', source: 'inside' })
  expect(words).not.toContainEqual({ word: 'cancelAll', source: '' })
  program.send({ type: 'LEAVE' })
  expect(words).toContainEqual({ word: 'cancel', source: '', id: 'xstate.after.10.rich.here' })
  expect(words).toContainEqual({ word: 'cancelAll', source: '' })
})

test("a delay's event, sent by hand, takes its transition", async () => {
  const { program, timers } = await richRun()
  const timer = timers.find(({ id }) => id === 'xstate.after.10.rich.here')
  expect(timer?.target).toBe(program.root)
  expect(timer).toMatchObject({ delay: 10, event: { type: 'xstate.after.10.rich.here' } })
  if (timer) program.fire(timer)
  expect(program.root.getSnapshot()).toMatchObject({ value: 'later' })
})

test('what a program emits and logs goes to its host', async () => {
  const { notices } = await richRun()
  expect(notices).toEqual([['a line'], { type: 'TOLD' }])
})

test('an inline invoke is stored under its place and its state', () => {
  const nothing = fromCallback(() => undefined)
  const { program } = recordedProgram(
    createMachine({ id: 'm', initial: 'a', states: { a: { invoke: [{ src: nothing }, { src: nothing, id: 'named' }] } } }),
  )
  program.start()
  const { children } = program.persisted() as { children: Record<string, { src: string }> }
  expect(Object.entries(children).map(([id, { src }]) => [id, src])).toEqual([
    ['0.m.a', 'xstate.invoke.0.m.a'],
    ['named', 'xstate.invoke.1.m.a'],
  ])
})

test('inline spawned logic is stored only because it is asked for by its option', () => {
  const { program } = recordedProgram(createMachine({ entry: spawnChild(counter, { id: 'spawned' }) }))
  program.start()
  expect(program.persisted()).toMatchObject({ children: { spawned: { snapshot: { context: 0 } } } })
})
