/**
 * For each law a line that upholds it, and what is left when it is taken out.
 *
 * Owns: that list. `laws.mutation.ts` shows that the property of the law fails without the line; `docs/laws.md` shows
 * the list to readers.
 */

/** One line taken out. */
export interface Mutation {
  readonly law: number
  /** The property that must fail, if it is not the law's first one. */
  readonly property?: string
  /** The kept script that must fail instead: random runs come to such a moment too rarely. */
  readonly script?: string
  /** The law in a few words. */
  readonly name: string
  readonly file: string
  /** Exactly as it stands in the file, once. */
  readonly line: string
  readonly instead: string
  /** What the line does, for readers. */
  readonly upholds: string
}

/** One for each law, then one for each further question that its runs are asked. */
export const mutations: readonly Mutation[] = [
  {
    law: 1,
    name: 'One end',
    file: 'src/actors/stream/stream-host.ts',
    line: 'this.#reloads.lost(execution, error)',
    instead: '',
    upholds: 'an execution whose commit failed is taken up again from what is durable',
  },
  {
    law: 2,
    name: 'Conservation',
    file: 'src/actors/stream/stream-host.ts',
    line: 'if (this.used >= this.definition.maxConcurrent || !this.#port.slots.take()) return false',
    instead: 'if (!this.#port.slots.take()) return false',
    upholds: 'no slot is given beyond the limit of the stream',
  },
  {
    law: 3,
    name: 'Restart',
    file: 'src/actors/program/program-steps.ts',
    line: 'const restored = step.restored ? this.#restored[step.path] : undefined',
    instead: 'const restored = undefined',
    upholds: 'a step that runs again has the idempotency key of its visit',
  },
  {
    law: 4,
    name: 'Output commit',
    file: 'src/actors/program/program-host.ts',
    line: "if (this.#settings.durability === 'relaxed') return this.#run(held)",
    instead: 'return this.#run(held)',
    upholds: 'an output waits for the commit that holds its cause',
  },
  {
    law: 5,
    name: 'No loss',
    file: 'src/actors/execution/inbox-delivery.ts',
    line: 'if (execution.takesDirect) next.resolve(execution.deliver(next.event))',
    instead: 'if (!execution.isUndecided) next.resolve(execution.deliver(next.event))',
    upholds: 'an event for a program that can not take it now is put into the durable inbox',
  },
  {
    law: 6,
    name: 'Isolation',
    file: 'src/actors/program/xstate/system-ids.ts',
    line: 'const existing = this.#actors?.get(systemId)',
    instead:
      "const existing = (this.#actors = ((globalThis as { keyed?: Map<string, InnerActor> })['keyed'] ??= new Map())).get(systemId)",
    upholds: 'each program has a system of its own, with its own `systemId`s',
  },
  {
    law: 7,
    name: 'Fencing',
    file: 'src/persistence/group-commit.ts',
    line: 'if (!(await this.#isOwner())) verdicts = verdicts.map((verdict, index) => tooLate(verdict, batch[index] as Commit))',
    instead: '',
    upholds: 'what was written before a freeze is not let out after another owner has taken over',
  },
  {
    law: 8,
    name: 'Truthful answers',
    file: 'src/actors/execution/execution-commands.ts',
    line: "await within(execution, wait, (status) => status === 'paused' || stageOf(status) === 'going')",
    instead: 'await within(execution, wait, () => true)',
    upholds: '`paused` is answered once no step is in flight, and not before',
  },
  {
    law: 9,
    name: 'Nothing silent',
    file: 'src/persistence/group-commit.ts',
    line: 'notify(committer, () => committer.refused(error, commit))',
    instead: '',
    upholds: 'a write that failed is told to the execution that asked for it, and to its caller',
  },
  {
    law: 1,
    name: 'One end, of a cancel that meets the end',
    file: 'src/actors/execution/execution-commands.ts',
    line: 'for (let least = isMoving ? 1 : 0; least > 0 || !execution.isSteady; least--) await execution.nextCommit()',
    instead: '',
    upholds: 'a command is carried out on what is durable: a program that has ended is not cancelled any more',
  },
  {
    law: 1,
    property: 'law 1, where code of the program throws or rejects',
    name: 'One end, of code that throws',
    file: 'src/actors/program/xstate/hosted-actor.ts',
    line: 'if (!notes?.below) return',
    instead: 'if (notes ?? true) return',
    upholds: 'what an actor has started ends with it, also where it ends by an error',
  },
  {
    law: 5,
    name: 'No loss, of the order of events',
    file: 'src/actors/execution/inbox-delivery.ts',
    line: 'while (execution.takesDirect && (this.#mayHold || this.#looked < next.n)) await this.#lookFor(next.n + arrivals.length)',
    instead: '',
    upholds: 'what stands in the inbox, put there by any process, goes before what is sent later',
  },
  {
    law: 3,
    name: 'Restart, of what must not run twice unasked',
    file: 'src/actors/program/program-steps.ts',
    line: 'if (this.#doubts.has(step)) return step.fail(this.#interrupted(step))',
    instead: '',
    upholds: 'a step with `onRecovery: fail` that may have begun before fails, and does not run',
  },
  {
    law: 1,
    property: 'law 1, where an execution ends each process that runs it',
    name: 'One end, beside what ends its process',
    file: 'src/actors/execution/execution-host.ts',
    line: 'if (this.isHeldBack || ((mayHarm || compensates) && this.isSuspect)) return this.#underSuspicion()',
    instead: '',
    upholds: 'what may have brought its process down runs one at a time, so that no other is blamed with it',
  },
  {
    law: 3,
    script:
      'a step is tried again in a process that was frozen and is told to pause at once as it wakes: no attempt begins after its signal',
    name: 'Restart, of attempts and their signal',
    file: 'src/actors/program/step-attempts.ts',
    line: 'signal.throwIfAborted()\n    return run(attempt, inner)',
    instead: 'return run(attempt, inner)',
    upholds: 'no attempt begins after its signal has fired, also if that comes in the turn in which it was to begin',
  },
  {
    law: 8,
    script: 'a pause that comes close behind a resume holds for what stands below as well, on a store whose calls are uneven',
    name: 'Truthful answers, of the order of commands',
    file: 'src/actors/commands/command-order.ts',
    line: 'resumed && (await (progress.place?.during(resumed) ?? resumed))',
    instead: 'undefined',
    upholds: 'a pause begins when the resumes before it are through, which would wake what it stops',
  },
  {
    law: 5,
    name: 'No loss, of events that nobody waits for',
    file: 'src/actors/commands/command-router.ts',
    line: 'const { answer } = await this.#sending.inTurn(id, n, route)',
    instead: 'const { answer } = await route(n < 0)',
    upholds: 'events that are sent one after the other by way of one process keep their order, also if none is awaited',
  },
  {
    law: 5,
    name: 'No loss, of refs between actors',
    file: 'src/actors/program/xstate/stored-refs.ts',
    line: "export const refAt = (id: string, at: string): StoredRef => ({ [mark]: 'actor', id, at })",
    instead: "export const refAt = (id: string, at: string): StoredRef => ({ [mark]: 'actor', id, was: at })",
    upholds: 'a ref to a parent or a sibling is that same actor again after a restart',
  },
  {
    law: 8,
    name: 'Truthful answers, of what is triggered just before a pause',
    file: 'src/runtime/command-scope.ts',
    line: 'await accepted(around?.before(entryPoint), until, async (id) => isTakenBack() || router.command(id, command))',
    instead: '',
    upholds: 'a pause of many also stops what was triggered before it and is still on its way into the store',
  },
  {
    law: 1,
    name: 'One end, of steps that are left on the way',
    file: 'src/machines/execution-machine.ts',
    line: "{ guard: 'inFlight', target: 'draining', actions: cancelled },",
    instead: '',
    upholds: 'a cancel that compensates is answered once the steps that were left on the way are gone',
  },
  {
    law: 1,
    script: 'a pause between two attempts waits for the step that the first one has left running',
    name: 'One end, of commands between two attempts',
    file: 'src/machines/execution-machine.ts',
    line: "{ guard: 'inFlight', target: 'pausing', actions: [notePause, clearRetry] },",
    instead: '',
    upholds: 'a pause between two attempts is answered once no step of the one that failed runs',
  },
  {
    law: 3,
    script: 'a step that must not run twice unasked is in doubt also in the process after the one that had no slot for it',
    name: 'Restart, of doubts in the queue',
    file: 'src/actors/execution/execution-host.ts',
    line: "if (this.nextStatus === 'queued') this.program.keepDoubts()",
    instead: '',
    upholds: 'that a step may have begun is stored with an execution that waits for a slot, for the process that starts it',
  },
  {
    law: 2,
    script:
      'an execution that two commands take up at the same time, on a store whose answers overtake each other, is in memory once',
    name: 'Conservation, of what is taken into memory',
    file: 'src/actors/execution/loads.ts',
    line: 'return left !== undefined && left >= epoch',
    instead: 'return false',
    upholds: 'no execution is made of a copy that was read before the execution has been in memory, and has left it again',
  },
  {
    law: 5,
    script: 'an event that is still on its way into the inbox when its execution is paused between two attempts is not overtaken',
    name: 'No loss, of events that nobody awaits',
    file: 'src/actors/execution/left-events.ts',
    line: 'if (!placing) return',
    instead: 'if (placing) return',
    upholds: 'an event that is on its way into the inbox when its execution leaves memory comes before those that are sent later',
  },
  {
    law: 1,
    script: 'an execution that was lost to a failing store, and is paused, waits for what of it still runs here',
    name: 'One end, of what was lost to a failing store',
    file: 'src/actors/execution/execution-program.ts',
    line: 'for (const body of port.bodies.of(execution.id)) this.#waitFor(body)',
    instead: '',
    upholds: 'an execution that is taken up again waits for the functions of its steps that still run here',
  },
  {
    law: 1,
    script: 'a pause at once waits for a step that still runs here also after a failing store has put its execution back',
    name: 'One end, of a pause that was put back',
    file: 'src/actors/execution/execution-host.ts',
    line: "return this.program.inFlight ? undefined : this.tell({ type: 'program.drained' })",
    instead: "return this.tell({ type: 'program.drained' })",
    upholds: 'a pause that was under way when a failing store put its execution back still waits for its steps',
  },
  {
    law: 1,
    property: 'law 1, where an execution ends',
    name: 'One end, of timers and events that end processes',
    file: 'src/actors/execution/counted-waiting.ts',
    line: 'if (!this.isMissing) return false',
    instead: 'return false',
    upholds: 'the store says that an execution goes on before it gets what came due while its process was dead',
  },
  {
    law: 5,
    script: 'an event that two attempts have taken, one close behind the other, is with the next one once',
    name: 'No loss, of events that are given back',
    file: 'src/actors/execution/execution-host.ts',
    line: `if (this.#isWithheld) return undefined
    this.program.take(`,
    instead: 'this.program.take(',
    upholds:
      'no snapshot is taken while events of a failed attempt are on their way back, since no commit consumes what it holds',
  },
  {
    law: 1,
    script: 'a tick whose execution a failing store has not accepted when its process dies is fired by the next one',
    name: 'One end, of ticks in a crash',
    file: 'src/triggers/ticking.ts',
    line: 'await this.#place.handled(tick, await this.#fire(tick))',
    instead: 'await this.#place.handled(tick)\n    await this.#fire(tick)',
    upholds: 'a tick counts as handled once its execution is accepted, and not before',
  },
  {
    law: 1,
    property: 'law 1, of what fires:',
    name: 'One end, of each tick',
    file: 'src/triggers/ticking.ts',
    line: 'idempotencyKey: `${type}:${isoOf(tick)}${count}`',
    instead: 'idempotencyKey: type',
    upholds: 'the instant of a tick is what makes its execution another one',
  },
  {
    law: 1,
    property: 'law 1, of what fires:',
    name: 'One end, of events in a crash',
    file: 'src/triggers/on.ts',
    line: 'const work = this.#handle(event)\n        .then(() => this.#place.handled(event.seq))',
    instead: 'const work = this.#place\n        .handled(event.seq)\n        .then(() => this.#handle(event))',
    upholds: 'an event counts as handled once its execution is accepted, and not before',
  },
  {
    law: 1,
    property: 'law 1, of what fires:',
    name: 'One end, of events that overtake each other',
    file: 'src/triggers/event-place.ts',
    line: 'while (this.#open[0]?.isHandled) this.#seq = this.#open.shift()?.seq ?? this.#seq',
    instead: 'this.#seq = Math.max(this.#seq, seq)',
    upholds: 'the position stays before an event that is not handled, also where later ones are',
  },
  {
    law: 1,
    property: 'law 1, of what fires:',
    name: 'One end, of deliveries that come again',
    file: 'src/triggers/webhook.ts',
    line: 'return key ? key(delivery) : hashOf(request, raw)',
    instead: 'return key ? String(performance.now()) : hashOf(request, raw)',
    upholds: 'a delivery has one execution, however often it comes',
  },
  {
    law: 1,
    property: 'law 1, of what fires:',
    name: 'One end, of events with an id',
    file: 'src/persistence/memory/memory-events.ts',
    line: "if (taken) return { status: 'duplicate', event: taken }",
    instead: '',
    upholds: 'an event is published once under its id, also where its answer was lost',
  },
  {
    law: 5,
    property: 'law 1, of what fires:',
    name: 'No loss, of events to somebody who waits',
    file: 'src/actors/supervisor/journal-feed.ts',
    line: 'if (this.#writes.size > 0) await Promise.allSettled(this.#writes)',
    instead: '',
    upholds: 'who asks for the next event also gets one that the store has by then and has not acknowledged yet',
  },
  {
    law: 2,
    property: 'law 2, of keys and rates',
    name: 'Conservation, of permits under a key',
    file: 'src/persistence/fair-admission.ts',
    line: 'if (key !== null && free.has(key)) free.set(key, (free.get(key) as number) - 1)',
    instead: '',
    upholds: 'of one key no more get a permit at once than there are',
  },
  {
    law: 2,
    property: 'law 2, of keys and rates',
    name: 'Conservation, of starts in a time',
    file: 'src/persistence/fair-admission.ts',
    line: 'if (room) room.left--',
    instead: '',
    upholds: 'no more start at once than the rate lets start',
  },
  {
    law: 2,
    property: 'law 2, of keys and rates',
    name: 'Conservation, of permits that are given back',
    file: 'src/actors/flow/flow-queue.ts',
    line: "if (keys && (isTerminal(status) || (startedAt === null && status !== 'queued'))) this.ask()",
    instead: '',
    upholds: 'a permit that is given back goes to who waits for it',
  },
  {
    law: 2,
    property: 'law 2, of keys and rates',
    name: 'Conservation, of a key that is taken',
    file: 'src/actors/flow/flow-queue.ts',
    line: 'if (execution) this.#port.busy(execution)',
    instead: '',
    upholds: 'with `skip` one whose key is taken ends as rejected, and does not wait',
  },
  {
    law: 2,
    property: 'law 2, of keys and rates',
    name: 'Conservation, of what is replaced',
    file: 'src/actors/flow/replacements.ts',
    line: 'const others = before.filter((other) => !ancestors.has(other))',
    instead: 'const others = before',
    upholds: 'with `replace` an execution never takes the permit of one that waits for it',
  },
  {
    law: 2,
    property: 'law 2, of keys and rates',
    name: 'Conservation, of who makes room',
    file: 'src/actors/flow/flow-queue.ts',
    line: 'if (execution) this.#replacements?.add(execution)',
    instead: '',
    upholds: 'with `replace` those before it make room for an execution that has come',
  },
  {
    law: 5,
    property: 'law 5, of what gathers',
    name: 'No loss, of triggers that another process was faster than',
    file: 'src/actors/gathering/gatherings.ts',
    line: "if (verdict.status === 'committed') {\n      this.#port.written(stored, commit, definition.id)\n      for",
    instead: "if (verdict.status !== 'duplicate') {\n      this.#port.written(stored, commit, definition.id)\n      for",
    upholds: 'a trigger is acknowledged as joined once that is written, and tried again where another write came before it',
  },
  {
    law: 5,
    property: 'law 5, of what gathers',
    name: 'No loss, of the order of triggers',
    file: 'src/actors/gathering/gatherings.ts',
    line: 'queue.unshift(...(await this.#round(definition, group)))',
    instead: 'queue.push(...(await this.#round(definition, group)))',
    upholds: 'triggers that found no room go before those that came after them',
  },
  {
    law: 5,
    property: 'law 5, of what gathers',
    name: 'No loss, of the last input',
    file: 'src/actors/gathering/gathering-commits.ts',
    line: 'input: isBatch || row.revision === 0 ? undefined : triggers.at(-1)?.input',
    instead: 'input: isBatch || row.revision === 0 ? undefined : triggers.at(0)?.input',
    upholds: 'the input of a debounced execution is that of its last trigger',
  },
  {
    law: 5,
    property: 'law 5, of what gathers',
    name: 'No loss, of triggers whose answer was lost',
    file: 'src/actors/gathering/gatherings.ts',
    line: 'if (own?.digest === digest) return admittedTo(own.id, { ref })',
    instead: '',
    upholds: 'a trigger that was written and not acknowledged is found again, and not refused',
  },
]

/** The table of `docs/laws.md`. */
export function mutationTable(): string {
  const place = ({ law, property = `law ${law}`, script }: Mutation) =>
    script === undefined
      ? `\`test/properties/laws.test.ts\`, ${property}`
      : `\`test/properties/kept-scripts.test.ts\`, '${script}'`
  const row = (mutation: Mutation) => {
    const { law, name, file, line, upholds } = mutation
    return `| ${law}. ${name} | ${upholds} | \`${(line.split('\n')[0] ?? '').replaceAll('|', '\\|')}\` in \`${file}\` | ${place(mutation)} |`
  }
  return [
    '| law | what upholds it | the line that was taken out | the test that then fails |',
    '| --- | --- | --- | --- |',
    ...mutations.map(row),
  ].join('\n')
}
