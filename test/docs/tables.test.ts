/** The tables of the guide, and of the page on events, name what the sources have, all of it and nothing else, with the defaults that it really has. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseSync } from 'oxc-parser'
import { fromPromise } from 'xstate'
import { describe, expect, it } from 'vitest'
import { supervisorSettings } from '../../src/actors/supervisor/supervisor-options.js'
import { waitsForWords } from '../../src/events/waits-for.js'
import { reservedWords } from '../../src/events/publication.js'
import { defineEntryPoint, executionStatuses, StatewardError, type StatewardErrorCode } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { tickSettings } from '../../src/triggers/tick-options.js'

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
const guide = read('docs/guide.md')
const events = read('docs/events.md')
const finding = read('docs/finding.md')
const flow = read('docs/flow-control.md')

/** The cells of the first table under a heading, a row a line, without its head. */
function table(heading: string, page = guide): string[][] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  const lines = section.split('\n')
  const head = lines.findIndex((line) => line.startsWith('|---'))
  const rows = lines.slice(head + 1)
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

const code = (cell: string | undefined) => [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, text = '']) => text)

interface Member {
  readonly key?: { readonly name: string }
}

/** The members of an interface of the sources. */
function members(file: string, name: string): string[] {
  for (const node of parseSync(file, read(file)).program.body) {
    const declared = node.type === 'ExportNamedDeclaration' ? node.declaration : undefined
    if (declared?.type === 'TSInterfaceDeclaration' && declared.id.name === name)
      return (declared.body.body as readonly Member[]).flatMap(({ key }) => (key ? [key.name] : []))
  }
  throw new Error(`${file} has no interface ${name}`)
}

/** What a cell says the default is; undefined where it says so in words. */
function shown(cell: string | undefined): unknown {
  const [text] = code(cell)
  if (text === undefined || text.includes('(') || text === 'systemClock') return undefined
  if (text === 'Infinity') return Infinity
  return JSON.parse(text.replaceAll("'", '"').replaceAll(/(\w+):/g, '"$1":')) as unknown
}

describe('the table of', () => {
  it.each([
    ['Entry points', ['src/runtime/entry-point.ts', 'EntryPointOptions']],
    ['Steps', ['src/actors/program/step-context.ts', 'StepOptions']],
    ['Runtime', ['src/actors/supervisor/supervisor-options.ts', 'SupervisorOptions']],
    ['Triggering', ['src/events/requests.ts', 'TriggerOptions']],
  ] as const)('"%s" names every option, and no other', (heading, [file, name]) => {
    const inspected = heading === 'Runtime' ? ['inspect'] : []
    expect(
      table(heading)
        .map(([option]) => code(option)[0])
        .toSorted(),
    ).toEqual([...members(file, name), ...inspected].toSorted())
  })

  it('"Entry points" has the defaults that an entry point really has', () => {
    const made = defineEntryPoint({ id: 'a', program: fromPromise(async () => 1) }) as unknown as Record<string, unknown>
    for (const [option, cell] of table('Entry points')) {
      const [name = ''] = code(option)
      if (cell === 'none') expect(made[name], name).toBeUndefined()
      else if (cell !== 'required') expect({ [name]: shown(cell) }).toEqual({ [name]: made[name] })
    }
  })

  it('"Ticks" of the page on triggers names every option, and no other, with the defaults that they really have', () => {
    const rows = table('Ticks', read('docs/triggers.md'))
    const options = [
      ...members('src/triggers/tick-options.ts', 'TickOptions'),
      ...members('src/triggers/cron.ts', 'CronOptions'),
      ...members('src/triggers/every.ts', 'EveryOptions'),
    ]
    expect(rows.map(([option]) => code(option)[0]).toSorted()).toEqual(options.toSorted())
    const defaults: Readonly<Record<string, unknown>> = { ...tickSettings('cron', {}), timeZone: 'UTC', immediately: false }
    for (const [option, cell] of rows) {
      const [name = ''] = code(option)
      if (cell === 'none') expect(defaults[name], name).toBeUndefined()
      else expect({ [name]: shown(cell) }).toEqual({ [name]: defaults[name] })
    }
  })

  it('"Setting one" of the page on schedules names every option, and no other', () => {
    const named = table('Setting one', read('docs/schedules.md')).map(([cell]) => code(cell)[0])
    const options = [
      ...members('src/events/schedule.ts', 'ScheduleTimes'),
      ...members('src/events/schedule.ts', 'ScheduleOptions'),
    ]
    expect(named.toSorted()).toEqual(options.toSorted())
  })

  it('"Calls" of the page on schedules names every answer there is', () => {
    const answers = [...read('src/events/schedule.ts').matchAll(/readonly status: ([^;}\n]+)/g)].flatMap(([, union = '']) => [
      ...union.matchAll(/'(\w+)'/g),
    ])
    const section = read('docs/schedules.md').split('\n## Calls\n')[1]?.split('\n## ')[0]
    expect(answers.length).toBeGreaterThan(10)
    for (const [, answer] of answers) expect(code(section)).toContain(answer)
  })

  it('"Requests by event" of the page on embedding names every request and every answer', () => {
    const section = read('docs/embedding.md').split('\n## Requests by event\n')[1]?.split('\n## ')[0] ?? ''
    const types = [...read('src/events/requests.ts').matchAll(/'((?:execution|supervisor|schedule)\.\w+)'/g)].map(
      ([, type]) => type,
    )
    expect(new Set(types).size).toBeGreaterThan(20)
    for (const type of types) expect(section).toContain(`\`${type}\``)
  })

  it('"On" of the page on triggers names every option, and no other', () => {
    const named = table('On', read('docs/triggers.md')).flatMap(([cell]) => code(cell))
    expect(named.toSorted()).toEqual(members('src/triggers/on.ts', 'OnOptions').toSorted())
  })

  it('"Writing one" of the page on triggers names every member of the port, and no other', () => {
    const rows = table('Writing one', read('docs/triggers.md'))
    const named = rows.flatMap(([cell]) => code(cell).map((text) => text.replace(/\(.*/, '')))
    expect(named.toSorted()).toEqual(members('src/actors/trigger/trigger.ts', 'TriggerPort').toSorted())
  })

  it('"Runtime" has the defaults that a runtime really has', () => {
    const made = supervisorSettings({ store: memoryStore(), entryPoints: [] }) as unknown as Record<string, unknown>
    const compared = table('Runtime').filter(([, cell]) => shown(cell) !== undefined)
    expect(compared.length).toBeGreaterThan(5)
    for (const [option, cell] of compared) {
      const [name = ''] = code(option)
      expect({ [name]: shown(cell) }).toEqual({ [name]: made[name] })
    }
  })

  it('"Commands" names every answer there is', () => {
    const answers = [...read('src/events/outcomes.ts').matchAll(/readonly status: ([^;}\n]+)/g)].flatMap(([, union = '']) => [
      ...union.matchAll(/'(\w+)'/g),
    ])
    const section = guide.split('\n## Commands\n')[1]?.split('\n## ')[0]
    expect(answers.length).toBeGreaterThan(15)
    for (const [, answer] of answers) expect(code(section)).toContain(answer)
  })

  it.each([
    ['The envelope', ['src/events/runtime-event.ts', 'RuntimeEvent']],
    ['Following', ['src/events/event-filter.ts', 'EventFilter']],
    ['Publishing', ['src/events/publication.ts', 'PublishOptions']],
    ['Waiting for one', ['src/events/event-wait.ts', 'WaitForOptions']],
  ] as const)('"%s" of the page on events names every field, and no other', (heading, [file, name]) => {
    const named = table(heading, events).map(([field]) => code(field)[0])
    expect(named.toSorted()).toEqual(members(file, name).toSorted())
  })

  it('"Types" names the words that types of your own may not begin with', () => {
    const section = events.split('\n## Types\n')[1]?.split('\n## ')[0] ?? ''
    const listed = code(section.slice(section.indexOf('Types that begin with'))).map((word) => word.replace(/\.$/, ''))
    expect(listed).toEqual([...reservedWords])
  })

  it('"Types" names every type of event, and no other', () => {
    const named = table('Types', events).flatMap(([types]) => code(types))
    const union = read('src/events/execution-events.ts').split('export type JournalEventType =')[1] ?? ''
    const plain = [...union.matchAll(/'((?:execution|journal|schedule|step|trigger)\.\w+)'/g)].map(([, type]) => type)
    const ends = executionStatuses.slice(executionStatuses.indexOf('completed')).map((status) => `execution.${status}`)
    expect(named.toSorted()).toEqual([...plain, ...ends].toSorted())
  })

  it('"The filter" of the page on finding names every option, and no other', () => {
    const file = 'src/events/execution-filter.ts'
    const options = [...members(file, 'ExecutionWhere'), ...members(file, 'ExecutionFilter')]
    expect(table('The filter', finding).map(([cell]) => code(cell)[0])).toEqual(options)
  })

  it.each([
    ['Keyed concurrency', 'ConcurrencyOptions', 'entry-point'],
    ['Rate', 'RateOptions', 'entry-point'],
    ['Debounce', 'DebounceOptions', 'gathering-options'],
    ['Batch', 'BatchOptions', 'gathering-options'],
  ])('"%s" of the page on flow control names every option, and no other', (heading, options, file) => {
    const named = table(heading, flow).map(([cell]) => code(cell)[0])
    expect(named.toSorted()).toEqual(members(`src/runtime/${file}.ts`, options).toSorted())
  })

  it('"What it waits for" of the page on finding names every word, and no other', () => {
    expect(table('What it waits for', finding).map(([cell]) => code(cell)[0])).toEqual(waitsForWords)
  })

  it('"Errors" names every code, and no other, with whether it may be tried again', () => {
    const codes = [...(read('src/errors.ts').split('const codes = {')[1]?.split('} as const')[0] ?? '').matchAll(/^ {2}(\w+):/gm)]
    const rows = table('Errors')
    expect(rows.map(([cell]) => code(cell)[0]).toSorted()).toEqual(codes.map(([, name]) => name).toSorted())
    for (const [cell, retryable, what] of rows) {
      const error = new StatewardError(code(cell)[0] as StatewardErrorCode, '')
      expect([error.code, retryable]).toEqual([error.code, error.retryable ? 'yes' : 'no'])
      expect(what).not.toBe('')
    }
  })

  it('every code is thrown somewhere', () => {
    const sources = readdirSync(new URL('../../src/', import.meta.url), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && file !== 'errors.ts')
      .map((file) => read(`src/${file}`))
      .join('\n')
    const thrown = (name = '') => new RegExp(`StatewardError\\(\\s*'${name}'`).test(sources)
    expect(
      table('Errors')
        .map(([cell]) => code(cell)[0])
        .filter((name) => !thrown(name)),
    ).toEqual([])
  })
})

it('every file that ARCHITECTURE.md names is there', () => {
  const named = code(read('ARCHITECTURE.md').replaceAll(/^```[^]*?^```$/gm, '')).filter((name) =>
    /^(\w[\w-]*\/)*[\w-]+\.ts$/.test(name),
  )
  expect(named.length).toBeGreaterThan(20)
  const house = readdirSync(new URL('../../src/', import.meta.url), { recursive: true, encoding: 'utf8' })
  for (const name of named) {
    // one that is named without its room is somewhere in the house
    const isThere = name.includes('/') ? exists(`src/${name}`) || exists(name) : house.some((path) => basename(path) === name)
    expect(isThere, name).toBe(true)
  }
})

function exists(file: string): boolean {
  try {
    return read(file).length > 0
  } catch {
    return false
  }
}
