/**
 * Law 5, of what gathers: each trigger that was acknowledged is in the one execution that its handle names, once, and in its order.
 *
 * Owns: these questions, from what was asked for, what was answered and what is stored at the end.
 */
import { decode } from '../../src/codec/snapshot-codec.js'
import { isStatewardError } from '../../src/index.js'
import { storedInput } from '../../src/actors/execution/execution-record.js'
import { gatheredIds, keyOfElement, type Gathered, type GathersSpec } from './gathered.js'
import type { Answer } from './ledger.js'
import type { World } from './world.js'

/** An execution that has gathered. */
interface Whole {
  readonly id: string
  readonly elements: readonly string[]
  /** When its start was durable. */
  readonly begunAt: number
}

/** After a run. */
export async function gathersHold(world: World, { size }: GathersSpec): Promise<string[]> {
  const answers = world.ledger.answers.filter(({ call }) => call === 'gather')
  const broken = answers.flatMap(({ key, error }) =>
    isStatewardError(error, 'duplicate_execution') || isStatewardError(error, 'idempotency_conflict')
      ? [`${key} was refused: ${error.message}`]
      : [],
  )
  for (const into of gatheredIds) {
    const all = await wholesOf(world, into, broken)
    const acked = answers.filter(({ key, error }) => error === undefined && key?.startsWith(into))
    broken.push(...eachInItsOwn(all, acked))
    if (into === 'debounced') broken.push(...lastCounts(all, acked))
    else broken.push(...allAreIn(all, acked), ...inOrder(all, acked))
    for (const { id, elements } of all) if (elements.length > size) broken.push(`${id} has ${elements.length} of ${size}`)
  }
  return broken
}

/** Those that triggers have made, in the order of their acceptance: a fork has what another one has gathered. */
async function wholesOf({ ledger, store }: World, into: Gathered, broken: string[]): Promise<Whole[]> {
  const all: Whole[] = []
  for (const { id, entryPoint } of ledger.rows.values()) {
    const history = ledger.history(id)
    if (entryPoint !== into || (history[0]?.commit.gathers ?? null) === null) continue
    const row = await store.load(id)
    if (!row) continue
    const input = storedInput(row)
    if (row.output !== null && JSON.stringify(decode(row.output, { id, what: 'output' })) !== JSON.stringify(input))
      broken.push(`${id} was given another input than ${JSON.stringify(input)}`)
    const begunAt = history.find(({ commit }) => commit.startedAt !== null)?.n ?? Infinity
    all.push({ id, elements: [input].flat() as string[], begunAt })
  }
  return all
}

/** The execution that a handle names is there, is of its key, and had not started; one trigger has made it. */
function eachInItsOwn(all: readonly Whole[], acked: readonly Answer[]): string[] {
  return acked.flatMap(({ key = '', id, n, outcome }) => {
    const own = all.find((whole) => whole.id === id)
    if (!own) return [`${key} was acknowledged as ${id}, which is not stored`]
    if (own.elements.some((element) => keyOfElement(element) !== keyOfElement(key))) return [`${key} is in ${id}, of another key`]
    if (outcome.as === 'joined' && n > own.begunAt) return [`${key} has joined ${id}, which had started`]
    const makers = acked.filter((other) => other.id === id && other.outcome.as === 'created' && !isRepeated(other))
    return makers.length > 1 ? [`${makers.map((other) => other.key).join(', ')} have each made ${id}`] : []
  })
}

/** True of those that are sent under an idempotency key. */
const isRepeated = ({ key }: Answer) => key?.includes('again') === true

/** The input of a debounced one is that of its last trigger: none came to it after that one by way of the same process, nor after its answer. */
function lastCounts(all: readonly Whole[], acked: readonly Answer[]): string[] {
  return all.flatMap(({ id, elements: [last] }) => {
    const own = acked.find(({ key }) => key === last)
    if (!own || isRepeated(own)) return []
    const isLater = ({ n, process }: Answer) => n > (process === own.process ? own.n : own.told)
    const later = acked.find((answer) => answer.id === id && !isRepeated(answer) && isLater(answer))
    return later ? [`${id} has ${last}, and ${later.key} came after it`] : []
  })
}

/** Each is in one execution, once: those that were acknowledged in the one that was named. */
function allAreIn(all: readonly Whole[], acked: readonly Answer[]): string[] {
  const places = new Map<string, string[]>()
  for (const { id, elements } of all) for (const element of elements) places.set(element, [...(places.get(element) ?? []), id])
  const doubled = [...places].flatMap(([element, ids]) => (ids.length > 1 ? [`${element} is in ${ids.join(', ')}`] : []))
  const lost = acked.flatMap(({ key = '', id }) =>
    places.get(key)?.includes(id) === true ? [] : [`${key} was acknowledged in ${id}, and is in ${places.get(key)?.join(', ')}`],
  )
  return [...doubled, ...lost]
}

/** What one process was asked for under one key stands in the order of the calls. */
function inOrder(all: readonly Whole[], acked: readonly Answer[]): string[] {
  const calls = new Map(acked.filter((answer) => !isRepeated(answer)).map((answer) => [answer.key, answer]))
  const lines = new Map<string, Answer>()
  return all
    .flatMap(({ elements }) => elements)
    .flatMap((element) => {
      const call = calls.get(element)
      if (!call) return []
      const line = `${call.process} ${keyOfElement(element)}`
      const before = lines.get(line)
      lines.set(line, call)
      return before && before.n > call.n ? [`${before.key} stands before ${element}, and was asked for after it`] : []
    })
}
