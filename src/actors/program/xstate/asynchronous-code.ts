/**
 * Watches user code that XState calls during a transition and that must be synchronous: guards, assignments,
 * delays, mappers of inputs, outputs, events and params.
 *
 * Owns: if such code returns a promise that rejects, the rejection is reported; otherwise it would end the process. XState's own
 * behaviour stays: it treats a guard's promise as true. Only the objects that XState itself has made of the machine are changed, and
 * neither the user's config nor what was given to `setup`. Outside of a program the watch does nothing.
 */
import type { AnyActorLogic } from 'xstate'
import { machineIn } from './program-logic.js'
import { isPromise } from './user-code.js'

/** Is notified of a rejection, and of the code that caused it. */
export interface Listening {
  failedAside(what: string, error: unknown): void
}

type Code = (this: unknown, ...args: unknown[]) => unknown

/** A builtin action, or a guard made of others: a function that carries what it was made of. */
interface Made extends Code {
  readonly type?: string
  readonly resolve?: unknown
  readonly guards?: readonly unknown[]
}

interface Transition {
  guard?: unknown
  actions: readonly unknown[]
}

/** The part of a state node that holds such code. */
interface CodeNode {
  readonly id: string
  entry: readonly unknown[]
  exit: readonly unknown[]
  output?: unknown
  readonly always?: readonly Transition[]
  readonly transitions: ReadonlyMap<string, readonly Transition[]>
  readonly initial?: Transition
  readonly invoke: readonly { readonly id: string; input?: unknown }[]
  readonly states: Readonly<Record<string, CodeNode>>
}

let current: Listening | undefined

/** Rejections of code that runs inside `run` are reported to that program. */
export function listeningTo<T>(program: Listening, run: () => T): T {
  const before = current
  current = program
  try {
    return run()
  } finally {
    current = before
  }
}

/** Notifies the program at hand if a value is a promise that rejects. */
export function watchValue(value: unknown, what: string): void {
  const program = current
  if (program === undefined || typeof value !== 'object' || value === null || !isPromise(value)) return
  void value.then(undefined, (error: unknown) => program.failedAside(what, error))
}

const watched = new WeakSet<object>()

/** Watches the code of the machine in a logic, once. */
export function watchMachine(logic: AnyActorLogic): void {
  const machine = machineIn(logic)
  if (!machine || watched.has(machine.root)) return
  watched.add(machine.root)
  const implementations = machine.implementations as unknown as Record<'guards' | 'actions' | 'delays', Record<string, unknown>>
  const named = (kind: keyof typeof implementations, map: (value: unknown, what: string) => unknown) => {
    const { [kind]: given } = implementations
    const entries = Object.entries(given ?? {})
    const what = (name: string) => `${kind.slice(0, -1)} ${name} of ${machine.id}`
    if (entries.length > 0)
      implementations[kind] = Object.fromEntries(entries.map(([name, value]) => [name, map(value, what(name))]))
  }
  named('guards', guard)
  named('actions', action)
  named('delays', code)
  const { context } = machine.config
  if (typeof context === 'function')
    Object.assign(machine, { config: { ...machine.config, context: code(context, `the context of ${machine.id}`) } })
  watchNode(machine.root as unknown as CodeNode)
}

function watchNode(node: CodeNode): void {
  const { id } = node
  node.entry = node.entry.map((each) => action(each, `an entry action of ${id}`))
  node.exit = node.exit.map((each) => action(each, `an exit action of ${id}`))
  if (typeof node.output === 'function') node.output = code(node.output, `the output of ${id}`)
  for (const transition of node.always ?? []) watchTransition(transition, `of ${id}`)
  for (const [event, transitions] of node.transitions)
    for (const transition of transitions) watchTransition(transition, `of ${id} on ${event}`)
  if (node.initial) watchTransition(node.initial, `of ${id}`)
  for (const invoked of node.invoke)
    if (typeof invoked.input === 'function') invoked.input = code(invoked.input, `the input of ${invoked.id}`)
  for (const child of Object.values(node.states)) watchNode(child)
}

function watchTransition(transition: Transition, where: string): void {
  if (transition.guard !== undefined) transition.guard = guard(transition.guard, `a guard ${where}`)
  transition.actions = transition.actions.map((each) => action(each, `an action ${where}`))
}

/** Inline, by name, with params, or made of others. */
function guard(given: unknown, what: string): unknown {
  if (typeof given === 'object' && given !== null) return withParams(given, what)
  if (typeof given !== 'function') return given
  const { guards } = given as Made
  // what combines others answers at once
  return guards === undefined
    ? code(given, what)
    : Object.assign(code(given, what), { guards: guards.map((each) => guard(each, what)) })
}

/** A custom action is run by the program, which takes what it returns; what a builtin one was made of is called by XState. */
function action(given: unknown, what: string): unknown {
  if (typeof given === 'object' && given !== null) return withParams(given, what)
  if (typeof given !== 'function' || (given as Made).resolve === undefined) return given
  const parts = Object.entries(given).filter(([name]) => name !== 'resolve' && name !== 'execute')
  return Object.assign(copy(given as Code), Object.fromEntries(parts.map(([name, part]) => [name, builtinPart(part, what)])))
}

/** A function, or an assignment's functions by property. */
function builtinPart(part: unknown, what: string): unknown {
  if (typeof part === 'function') return code(part, what)
  const isMap = typeof part === 'object' && part !== null && Object.getPrototypeOf(part) === Object.prototype
  if (!isMap || !Object.values(part).some((each) => typeof each === 'function')) return part
  return Object.fromEntries(Object.entries(part).map(([name, each]) => [name, code(each, what)]))
}

function withParams(given: object, what: string): object {
  const { params } = given as { readonly params?: unknown }
  return typeof params === 'function' ? { ...given, params: code(params, what) } : given
}

/** The same function, whose result is watched, and what it holds by property: that is how an assignment says what is new. */
function code<T>(given: T, what: string): T {
  if (typeof given !== 'function') return given
  const run = given as unknown as Code
  const around: Code = function (...args) {
    const result = run.apply(this, args)
    if (current === undefined || typeof result !== 'object' || result === null) return result
    watchValue(result, what)
    if (Object.getPrototypeOf(result) === Object.prototype) for (const value of Object.values(result)) watchValue(value, what)
    return result
  }
  return Object.defineProperty(Object.assign(around, given), 'name', { value: run.name }) as unknown as T
}

function copy(given: Code): Code {
  const same: Code = function (...args) {
    return given.apply(this, args)
  }
  return Object.assign(same, given)
}
