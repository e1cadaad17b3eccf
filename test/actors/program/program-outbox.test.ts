/** What a program owes, as it is stored: what several actions of one transition saw is there once, and older forms are read. */
import { expect, test } from 'vitest'
import { createActor, setup } from 'xstate'
import { ProgramOutbox, type RepeatedAction } from '../../../src/actors/program/program-outbox.js'
import type { ActionOutput, ActorNaming } from '../../../src/actors/program/program-output.js'
import { decode, encode } from '../../../src/codec/snapshot-codec.js'

const place = { id: 'it', what: 'action' }
const naming: ActorNaming = { addressOf: () => '', version: 1, owns: () => false, named: () => undefined }
const event = { type: 'GO' }
const context = { rows: Array.from({ length: 1_000 }, (_, row) => `row ${row}`) }
const names = ['charge', 'ship', 'thank']

function asked(name: string, saw: Partial<ActionOutput> = {}): ActionOutput {
  const nothing = { isVoid: () => false, run: () => undefined }
  return { kind: 'action', actor: {}, path: '', name, via: [], params: { to: name }, event, context, ...nothing, ...saw }
}

const texts = (outbox: ProgramOutbox) => outbox.record(naming).outbox ?? []

/** What would be run again of a stored outbox. */
function repeated(outbox: readonly string[]) {
  const ran: unknown[] = []
  const note = ({ context: saw, event: at }: { context: unknown; event: unknown }, params: unknown) =>
    void ran.push([saw, at, params])
  const actions = { charge: note, ship: note, thank: note } as never
  const machine = setup({ actions }).createMachine({ context: {} })
  const root = createActor(machine)
  const restored = { root, find: () => root, found: <T>(value: T) => value, ended: () => root }
  for (const each of new ProgramOutbox('it', { outbox }).repeated(machine, restored)) (each as RepeatedAction).run?.()
  return ran
}

const all = names.map((name) => [context, event, { to: name }])

test('what the actions of one transition saw is stored with the first of them, and each gets it again', () => {
  const outbox = new ProgramOutbox('it')
  for (const name of names) outbox.put(asked(name), naming.named)
  const stored = texts(outbox)
  expect(stored.filter((text) => text.includes('row 999'))).toEqual([stored[0]])
  expect(repeated(stored)).toEqual(all)
  expect(texts(new ProgramOutbox('it', { outbox: stored }))).toEqual(stored)
})

test('once the first is acknowledged it is stored with the next one', () => {
  for (const make of [() => fresh(), () => new ProgramOutbox('it', { outbox: texts(fresh()) })]) {
    const outbox = make()
    outbox.acknowledge(1)
    const stored = texts(outbox)
    expect(stored).toHaveLength(2)
    expect(stored.filter((text) => text.includes('row 999'))).toEqual([stored[0]])
    expect(repeated(stored)).toEqual(all.slice(1))
  }
  function fresh() {
    const outbox = new ProgramOutbox('it')
    for (const name of names) outbox.put(asked(name), naming.named)
    return outbox
  }
})

test('actions that saw something else have their own', () => {
  const outbox = new ProgramOutbox('it')
  outbox.put(asked('charge'), naming.named)
  outbox.put(asked('ship', { context: { rows: [] } }), naming.named)
  outbox.put(asked('thank', { event: { type: 'OTHER' } }), naming.named)
  expect(repeated(texts(outbox))).toEqual([
    all[0],
    [{ rows: [] }, event, { to: 'ship' }],
    [context, { type: 'OTHER' }, { to: 'thank' }],
  ])
})

test('the older form, in which each has all that it saw, is read and kept', () => {
  const old = names.map((name, at) => encode({ n: at + 1, path: '', via: [], name, event, context, params: { to: name } }, place))
  expect(texts(new ProgramOutbox('it', { outbox: old }))).toEqual(old)
  expect(repeated(old)).toEqual(all)
})

test('an action alone is stored as it always was', () => {
  const outbox = new ProgramOutbox('it')
  outbox.put(asked('charge'), naming.named)
  const [text] = texts(outbox)
  expect(text).toBe(encode({ n: 1, path: '', via: [], name: 'charge', event, context, params: { to: 'charge' } }, place))
  expect(Object.keys(decode<object>(text as string, place))).not.toContain('as')
})
