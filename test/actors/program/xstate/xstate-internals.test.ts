/** The members of XState's actors that the program system and the execution's ref rely on; see `xstate-internals.ts`. */
import {
  createActor,
  createMachine,
  fromCallback,
  fromPromise,
  fromTransition,
  sendParent,
  sendTo,
  type AnyActorRef,
} from 'xstate'
import { describe, expect, test, vi } from 'vitest'
import type { InnerActor } from '../../../../src/actors/program/xstate/xstate-internals.js'
import { actorOf, inner, relayedIn } from './inner-actors.js'

const counter = fromTransition((count: number, event: { type: string }) => (event.type === 'MORE' ? count + 1 : count), 0)
const never = () => new Promise<never>(() => undefined)

describe('an actor that is being born', () => {
  test('is announced, with its scope, its logic and its options, before it has a state', () => {
    const seen: object[] = []
    const ref = actorOf(counter, ({ _actorScope: scope, _snapshot, logic, options }) =>
      seen.push({
        keys: Object.keys(scope).toSorted(),
        kinds: [scope.actionExecutor, scope.emit, scope.logger].map((member) => typeof member),
        snapshot: _snapshot,
        logic,
        restored: options.snapshot !== undefined,
        scope,
      }),
    )
    expect(seen).toEqual([
      {
        keys: ['actionExecutor', 'defer', 'emit', 'id', 'logger', 'self', 'sessionId', 'stopChild', 'system'],
        kinds: ['function', 'function', 'function'],
        snapshot: undefined,
        logic: counter,
        restored: false,
        scope: ref._actorScope,
      },
    ])
    expect(ref._actorScope.self).toBe(ref)
    expect(ref._actorScope.system).toBe((ref as unknown as { system: unknown }).system)
  })

  test('takes its state from the logic that it has been given meanwhile', () => {
    const other = fromTransition((count: number) => count, 7)
    expect(actorOf(counter, (ref) => (ref.logic = other)).getSnapshot()).toMatchObject({ context: 7 })
  })

  test('is announced also as an invoked and as a spawned child, under its parent and with its src', () => {
    const seen: [string, unknown, unknown][] = []
    const machine = createMachine({
      invoke: { src: fromPromise(never), id: 'invoked' },
      context: ({ spawn }) => ({ spawned: spawn(counter, { id: 'spawned' }) }),
    })
    const root = actorOf(machine, (ref) => seen.push([ref.id, ref._parent, ref.src]), { id: 'root' })
    expect(seen).toEqual([
      ['root', undefined, machine],
      ['spawned', root, counter],
      ['invoked', root, expect.stringMatching(/^xstate\.invoke\.0\./)],
    ])
  })

  test('has a snapshot among its options if it is restored, and only then; so has its child', () => {
    const seen: [string, boolean][] = []
    const machine = createMachine({ id: 'm', invoke: { src: fromPromise(never), id: 'step' } })
    const note = (ref: InnerActor) => void seen.push([ref.id, ref.options.snapshot !== undefined])
    const stored = actorOf(machine, note, { id: 'm' }).getPersistedSnapshot({ __unsafeAllowInlineActors: true })
    expect(seen).toEqual([
      ['m', false],
      ['step', false],
    ])
    seen.length = 0
    actorOf(machine, note, { id: 'm', snapshot: JSON.parse(JSON.stringify(stored)) })
    expect(seen).toEqual([
      ['m', true],
      ['step', true],
    ])
  })
})

describe('a parent that is given as an option', () => {
  /** A parent of a test's own, that says what is read of it. */
  function watchedParent() {
    const system = inner(createActor(counter))._actorScope.system as object
    const got: string[] = []
    const read = new Set<PropertyKey>()
    const parent: object = new Proxy(
      { id: 'above', sessionId: 'above', system, _send: (event: { type: string }) => got.push(event.type) },
      { get: (target, key) => (read.add(key), Reflect.get(target, key)) },
    )
    return { parent, system, got, read }
  }

  test('is its `_parent`, and lends it its system', () => {
    const { parent, system } = watchedParent()
    const ref = inner(createActor(counter, { parent } as never))
    expect(ref._parent).toBe(parent)
    expect(ref._actorScope.system).toBe(system)
  })

  test('is sent the end, the error and the messages, and nothing else of it is read', async () => {
    const { parent, got, read } = watchedParent()
    const start = (logic: never) => createActor(logic, { id: 'it', parent } as never).start()
    start(createMachine({ initial: 'end', states: { end: { type: 'final' } } }) as never)
    start(createMachine({ entry: sendParent({ type: 'HELLO' }) }) as never)
    start(createMachine({ entry: [() => expect.fail('no')] }) as never)
    start(fromCallback(({ sendBack }) => sendBack({ type: 'BACK' })) as never)
    const done = Promise.resolve(1)
    start(fromPromise(() => done) as never)
    await done.then(() => undefined)
    expect(got).toEqual(['xstate.done.actor.it', 'HELLO', 'xstate.error.actor.it', 'BACK', 'xstate.done.actor.it'])
    expect([...read].toSorted()).toEqual(['_send', 'system'])
  })
})

describe("an actor's own words", () => {
  test('go through `_relay`: done and error to the parent, sends to others and to itself', async () => {
    const result = Promise.resolve('ok')
    const machine = createMachine({
      id: 'root',
      invoke: [
        { src: fromPromise(() => result), id: 'good', onDone: { actions: sendTo('counter', { type: 'MORE' }) } },
        { src: fromPromise(() => Promise.reject(new Error('no'))), id: 'bad', onError: {} },
        { src: counter, id: 'counter' },
      ],
      entry: sendTo(({ self }) => self, { type: 'SELF' }),
    })
    const ref = actorOf(machine, undefined, { id: 'root' })
    const relayed = relayedIn(ref)
    ref.start()
    ref.send({ type: 'OUTSIDE' })
    await vi.waitFor(() => expect(relayed).toHaveLength(7))
    const id = (of: unknown) => (of as InnerActor | undefined)?.id
    const all = relayed.map(({ source, target, type }) => [id(source), type, id(target)])
    expect(all.slice(0, 2)).toEqual([
      ['root', 'SELF', 'root'],
      [undefined, 'OUTSIDE', 'root'],
    ])
    for (const one of [
      ['good', 'xstate.promise.resolve', 'good'],
      ['good', 'xstate.done.actor.good', 'root'],
      ['root', 'MORE', 'counter'],
      ['bad', 'xstate.promise.reject', 'bad'],
      ['bad', 'xstate.error.actor.bad', 'root'],
    ])
      expect(all).toContainEqual(one)
  })

  test('`_send` reaches it without `_relay`', () => {
    const ref = actorOf(counter)
    ref.start()
    const relayed = relayedIn(ref)
    ref._send({ type: 'MORE' })
    expect(ref.getSnapshot()).toMatchObject({ context: 1 })
    expect(relayed).toEqual([])
  })

  test('`_snapshot` may be written, and is what it goes on from', () => {
    const ref = actorOf(counter)
    ref.start()
    ref._snapshot = { ...ref._snapshot, context: 5 } as never
    ref._send({ type: 'MORE' })
    expect(ref.getSnapshot()).toMatchObject({ context: 6 })
  })

  test('`_snapshot.children` holds the live children by id, and a promise keeps its input in it', () => {
    const ref = actorOf(createMachine({ invoke: { src: fromPromise(never), id: 'step', input: { n: 1 } } }))
    ref.start()
    expect(ref._snapshot.children?.['step']?._snapshot).toMatchObject({ status: 'active', input: { n: 1 } })
  })

  test('`_stop` stops one that has a parent, which `stop` refuses, and tells the parent nothing', () => {
    const got: string[] = []
    const parent = {
      system: inner(createActor(counter))._actorScope.system,
      _send: (event: { type: string }) => got.push(event.type),
    }
    const dispose = vi.fn<() => void>()
    const ref = createActor(
      fromCallback(() => dispose),
      { parent } as never,
    ).start()
    expect(() => ref.stop()).toThrow('non-root')
    inner(ref)._stop()
    expect(dispose).toHaveBeenCalledOnce()
    expect(ref.getSnapshot().status).toBe('stopped')
    expect(got).toEqual([])
  })

  test('`_error` ends it: the parent and its observers are told, later events are not heard', () => {
    const got: object[] = []
    const parent = { system: inner(createActor(counter))._actorScope.system, _send: (event: object) => got.push(event) }
    const ref = createActor(counter, { id: 'it', parent } as never).start()
    const failed = vi.fn<(error: unknown) => void>()
    ref.subscribe({ error: failed })
    const error = new Error('no')
    inner(ref)._error(error)
    vi.spyOn(console, 'warn').mockReturnValue()
    inner(ref)._send({ type: 'MORE' })
    expect(failed).toHaveBeenCalledExactlyOnceWith(error)
    expect(got).toEqual([{ type: 'xstate.error.actor.it', error, actorId: 'it' }])
    expect(ref.getSnapshot()).toMatchObject({ context: 0 })
  })
})

describe('the end of an actor', () => {
  test('`_processingStatus` is 0 before its start, 1 while it runs, 2 once it has ended, was stopped or has failed', () => {
    const broken = () => {
      throw new Error('no')
    }
    const ends = {
      done: createMachine({ initial: 'a', states: { a: { on: { GO: 'b' } }, b: { type: 'final' } } }),
      failed: createMachine({ on: { GO: { actions: broken } } }),
      stopped: counter,
    }
    for (const [how, logic] of Object.entries(ends)) {
      const ref = actorOf(logic)
      ;(ref as unknown as { subscribe(observer: object): void }).subscribe({ error: () => undefined })
      const seen = [ref._processingStatus]
      ref.start()
      seen.push(ref._processingStatus)
      if (how === 'stopped') ref._stop()
      else ref._send({ type: 'GO' })
      expect([how, ...seen, ref._processingStatus]).toEqual([how, 0, 1, 2])
    }
  })

  test('`_doneEvent` is the very event that its parent is sent, and there is none before', () => {
    const child = createMachine({ initial: 'a', states: { a: { on: { GO: 'b' } }, b: { type: 'final' } }, output: 7 })
    const root = actorOf(createMachine({ invoke: { src: child, id: 'child' } }))
    root.start()
    const ref = root._snapshot.children?.['child'] as InnerActor
    const sent: unknown[] = []
    const system = (root as unknown as { system: { _relay(...message: unknown[]): void } }).system
    system._relay = (source, target, event) => void sent.push([source, target, event])
    expect(ref._doneEvent).toBeUndefined()
    ref._send({ type: 'GO' })
    expect(ref._doneEvent).toMatchObject({ type: 'xstate.done.actor.child', output: 7 })
    expect(sent).toHaveLength(1)
    const [source, target, event] = sent[0] as unknown[]
    expect([source, target]).toEqual([ref, root])
    expect(event).toBe(ref._doneEvent)
  })

  test('`_stopProcedure` ends it without a word: its timers and its `systemId` are given up, no later event is heard', () => {
    const cancelled: unknown[] = []
    const got: string[] = []
    const root = actorOf(
      createMachine({
        on: { '*': { actions: ({ event }: { event: { type: string } }) => void got.push(event.type) } },
        invoke: {
          src: createMachine({ after: { 10: {} }, on: { MORE: { actions: () => got.push('MORE') } } }),
          id: 'child',
          systemId: 'named',
        },
      } as never),
    )
    root.start()
    const ref = root._snapshot.children?.['child'] as InnerActor
    const system = (root as unknown as AnyActorRef).system as unknown as {
      scheduler: { cancelAll(ref: unknown): void }
      get(id: string): unknown
    }
    const { cancelAll } = system.scheduler
    system.scheduler.cancelAll = (of) => (cancelled.push(of), cancelAll(of))
    const told = vi.fn<() => void>()
    ref.subscribe({ next: told, error: told, complete: told })
    ref._stopProcedure()
    vi.spyOn(console, 'warn').mockReturnValue()
    ref._send({ type: 'MORE' })
    expect(ref._processingStatus).toBe(2)
    expect(cancelled).toEqual([ref])
    expect(system.get('named')).toBeUndefined()
    expect(ref.getSnapshot().status).toBe('active')
    expect([got, told.mock.calls]).toEqual([[], []])
  })
})
