/**
 * Records what the executions of a version look like in each of their states.
 *
 * Owns: running scenarios for it, and that a recording is never replaced unasked: what users have stored looks like it.
 * Talks to: the test runtime, the collection, the file.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isProgramMachine, type MachineNode } from '../../actors/program/xstate/program-logic.js'
import type { EntryPoint } from '../../runtime/entry-point.js'
import { StatewardError } from '../../errors.js'
import { memoryStore } from '../../persistence/memory/memory-store.js'
import { decode, encode } from '../../codec/snapshot-codec.js'
import { entryPointsFor, type EntryPointsOf, type Explored, type Scenario } from '../explore/scenario.js'
import { createTestRuntime, type TestRuntime } from '../world/test-runtime.js'
import { GoldenCollection } from './golden-collection.js'
import { goldenName, goldenText, parsedJson } from './golden-file.js'
import { activeNodes } from './machine-actors.js'
import { observedCommits } from './observed-commits.js'
import type { GoldenExecution } from './old-snapshot.js'

/** Where a recording goes. */
export interface GoldenOptions {
  /** Made if it is not there. Each version of each entry point gets a file of its own, such as `orders@1.json`. */
  readonly folder: string
  /** True: a recording of the same version that says something else is replaced. Default: if `UPDATE_GOLDEN` is set in the environment. */
  readonly update?: boolean
}

/** What became of the recording of one entry point. */
export interface GoldenRecording {
  readonly file: string
  /** `unchanged`: the file was there, and says the same. */
  readonly outcome: 'written' | 'unchanged'
  /** The states that it holds. */
  readonly states: readonly string[]
  /** The states of the machine in which no commit found it: no scenario leads there, or none stays there. */
  readonly unreached: readonly string[]
}

/**
 * Runs scenarios (as explorations take them) on test runtimes, and keeps one execution for each state in which a commit found one: as it was stored,
 * with its timers, its steps in flight and its pending actions.
 *
 * Commit the files, and never change one whose version has run in earnest: `checkGolden` restores all of them for ever.
 * Recording again is free as long as nothing has changed, so that it may stand in a test. A new `version` gets a new file.
 * Resolves with one recording an entry point. Several transitions may share a commit: let a scenario `settle()` in a state that
 * is to be kept. Two runs of a scenario give the same bytes, unless its code asks the wall
 * clock or a random source; a step that is not mocked runs for real.
 *
 * Errors: `golden_exists` if the file of this version says something else (raise the version; or, if it never ran in earnest,
 * set `update` or `UPDATE_GOLDEN=1`); `invalid_option` if no scenario runs an execution of an entry point; whatever a scenario throws.
 *
 * @example
 * ```ts
 * const [golden] = await recordGolden(
 *   tickets,
 *   async (world) => {
 *     const ticket = await world.trigger('tickets', { id: 7 })
 *     await ticket.send({ type: 'APPROVE' })
 *   },
 *   { folder: 'test/golden' },
 * )
 * console.log(golden?.outcome, golden?.states) // prints written [ 'approved', 'open' ]
 * ```
 */
export async function recordGolden<const T extends Explored>(
  entryPoint: T,
  scenario: Scenario<T> | readonly Scenario<T>[],
  { folder, update = updateIsAsked() }: GoldenOptions,
): Promise<readonly GoldenRecording[]> {
  const entryPoints = entryPointsFor(entryPoint)
  const scenarios = (Array.isArray(scenario) ? scenario : [scenario]) as readonly Scenario<T>[]
  const collection = new GoldenCollection()
  for (const lead of scenarios) {
    const store = observedCommits(memoryStore(), (commit) => collection.take(commit))
    const runtime = createTestRuntime({ entryPoints: entryPointsFor(entryPoint), store })
    try {
      await lead(runtime as unknown as TestRuntime<EntryPointsOf<T>>)
      await runtime.settle()
    } finally {
      await runtime.stop()
    }
  }
  const recordings: GoldenRecording[] = []
  for (const each of entryPoints) recordings.push(await write(each, collection.of(each.id), folder, update))
  return recordings
}

/** Counts over the whole process: two recordings of one file may be under way, and each writes a draft of its own. */
let drafts = 0

async function write(
  { id, program, programId, version, hash }: EntryPoint,
  executions: readonly GoldenExecution[],
  folder: string,
  update: boolean,
): Promise<GoldenRecording> {
  if (executions.length === 0)
    throw new StatewardError(
      'invalid_option',
      `No scenario runs an execution of '${id}', so that there is nothing to record of it.`,
      {
        details: { option: 'scenario', entryPoint: id },
      },
    )
  const file = join(folder, goldenName(id, version))
  const text = goldenText({ entryPoint: id, program: programId, version, hash, executions })
  const known = await readFile(file, 'utf8').catch(() => undefined)
  const isSame = known !== undefined && isSameData(known, text)
  if (known !== undefined && !isSame && !update) throw exists(file, id, version)
  if (!isSame) {
    await mkdir(folder, { recursive: true })
    // whole or not at all: another test may read it, or record it, at the same time
    const draft = `${file}.${process.pid}.${++drafts}`
    await writeFile(draft, text)
    await rename(draft, file)
  }
  const seen = new Set<MachineNode>()
  if (isProgramMachine(program))
    for (const { record } of executions) for (const node of activeNodes(program.root, record.snapshot.value)) seen.add(node)
  return {
    file,
    outcome: isSame ? 'unchanged' : 'written',
    states: executions.map(({ name }) => name).toSorted(),
    unreached: isProgramMachine(program)
      ? [...leaves(program.root)].filter((node) => !seen.has(node)).map(({ path }) => path.join('.'))
      : [],
  }
}

/** Whatever a formatter or a checkout made of its white space, and in whichever form an earlier codec wrote its values. */
function isSameData(known: string, text: string): boolean {
  try {
    return JSON.stringify(rewritten(parsedJson(known))) === JSON.stringify(rewritten(parsedJson(text)))
  } catch {
    return false
  }
}

/** Each value that the codec has written, as it writes it today, with its fields in the order of their names. */
function rewritten(part: unknown): unknown {
  if (typeof part === 'string' && part.startsWith('{"f":')) return rewritten(JSON.parse(part))
  if (Array.isArray(part)) return part.map(rewritten)
  if (typeof part !== 'object' || part === null || Object.getPrototypeOf(part) !== Object.prototype) return part
  const place = { id: 'a golden file', what: 'program' }
  if ('f' in part) return encode(rewritten(decode(JSON.stringify(part), place)), place)
  const fields = Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(fields.map(([key, value]) => [key, rewritten(value)]))
}

function* leaves(node: MachineNode): Generator<MachineNode, void> {
  const inner = Object.values(node.states)
  if (inner.length === 0 && node.type !== 'history') yield node
  for (const child of inner) yield* leaves(child)
}

function exists(file: string, entryPoint: string, version: string): StatewardError {
  return new StatewardError(
    'golden_exists',
    `${file} says something else of version ${version} of '${entryPoint}' by now. Give the entry point a new version; or, if nothing of this one was ever stored in earnest, record it again with UPDATE_GOLDEN=1 (or \`update: true\`).`,
    { details: { file, entryPoint, version } },
  )
}

const updateIsAsked = () => !['', '0', 'false', undefined].includes(process.env['UPDATE_GOLDEN'])
