/**
 * The tests run twice, under XState's development build and under its production build, because they differ (inline
 * children, for one); those that no build of XState concerns run once. Both are loaded by Node itself, as in a user's
 * process, so that the sources, the tests and every package share one instance; what tells the builds apart is Node's
 * `development` condition.
 */
import { fileURLToPath } from 'node:url'
import { defineConfig, type TestProjectInlineConfiguration, type ViteUserConfig } from 'vitest/config'

type Build = 'development' | 'production'

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/**
 * Takes the `development` condition away, which Vitest sets by default, for Vite (which resolves) and for the
 * workers (where Node loads). It must be a plugin: lists of conditions in a configuration only ever grow.
 */
const withoutDevelopment: NonNullable<ViteUserConfig['plugins']>[number] = {
  name: 'xstate-production',
  enforce: 'post',
  configEnvironment: {
    order: 'post',
    handler(_name, environment) {
      environment.resolve = { ...environment.resolve, conditions: ['node'] }
    },
  },
}

/** Every scenario of the workflows, the sound machines and the SCXML assertions at every point: `npm run test:explorations`. */
export const explorations = 'test/{workflows,scxml}/**/explorations.test.ts'

/** What plays through hundreds of stores, runs or orders of commands, one after the other; it is asked with the explorations, once. */
export const trials = [
  'test/testing/store/{verify-store,trial}.test.ts',
  'test/behaviour/{commands-in-any-order,half-done-commands}.test.ts',
  'test/faults/answers-overtake.test.ts',
  'test/testing/explore/{identical-events,surviving-calls}.test.ts',
  'test/behaviour/{places-and-crashes,gathering-at-random}.test.ts',
]

/** What takes Node's own timers into its hand: whatever another file has left running in the same worker would be played through for days. */
export const alone = ['test/clock.test.ts']

/** Some of the tests, under one build. */
export function project(build: Build, include: string[], exclude: string[] = []): TestProjectInlineConfiguration {
  return {
    plugins: build === 'production' ? [withoutDevelopment] : [],
    // The package by its own name is its sources.
    resolve: {
      alias: [
        { find: /^stateward$/, replacement: source('src/index.ts') },
        { find: /^stateward\/testing$/, replacement: source('src/testing/index.ts') },
        { find: /^stateward\/testing\/vitest$/, replacement: source('src/testing/vitest.ts') },
        { find: /^stateward\/(sqlite|memory|triggers|graphs|server)$/, replacement: source('src/$1.ts') },
      ],
    },
    test: {
      name: build,
      include,
      exclude: ['**/node_modules/**', ...exclude],
      env: { XSTATE_BUILD: build },
      // A process each: native SQLite, and signals, are not at home in threads.
      pool: 'forks',
      testTimeout: 15_000,
      hookTimeout: 15_000,
      retry: 0,
    },
  }
}

/** A project whose files share, in each worker, what they import: loading the sources for each of them takes longer than its tests. */
export function sharing(of: TestProjectInlineConfiguration): TestProjectInlineConfiguration {
  return { ...of, test: { ...of.test, isolate: false } }
}

/** The same under another name, since each project has a name of its own. */
export function named(name: string, of: TestProjectInlineConfiguration): TestProjectInlineConfiguration {
  return { ...of, test: { ...of.test, name } }
}

/** All tests but those with a command of their own. */
export const include = ['test/**/*.test.ts', 'examples/**/*.test.ts']
export const exclude = ['test/crash/**', 'test/soak/**', 'test/types/**', explorations, ...trials, ...alone]

/**
 * What asks nothing of XState that its builds differ in: stores and how they fail, pages, types, layers, refusals of options, how
 * commands and events find their way, who comes next and how many at a time, what is kept. It is asked once, under the production
 * build. Programs, steps, snapshots, actors, timers and the core of the explorations are asked under both.
 */
const oneBuild = [
  'test/{docs,public-api,codec,persistence}/**',
  'test/testing/store/**',
  'test/triggers/{cron,every,on,ticking}.test.ts',
  'test/{examples,server}/**',
  'test/triggers/{webhook,webhook-crashes,signature}.test.ts',
  'test/golden/flow-database.test.ts',
  'test/{layers,where-tests-stand,error-record}.test.ts',
  'test/properties/{laws-page,kept-scripts}.test.ts',
  'test/testing/explore/flow-control.test.ts',
  'test/behaviour/{*command*,clients,idempotency,ids,kept-answers,limits,mail,results,retention,scopes,sending-order}.test.ts',
  'test/behaviour/{keyed-concurrency,rates,on-busy,fair-keys}.test.ts',
  'test/behaviour/{debounce,batch}.test.ts',
  'test/schedules/**',
  'test/graphs/definition-errors.test.ts',
  'test/behaviour/{start-at,streams,options-of-children,entry-points-*,changes-of-entry-points,groups,triggers-of-added-entry-points}.test.ts',
  'test/behaviour/{publications,waiting-for-events,slow-readers,events-to-many}.test.ts',
  'test/behaviour/{shared-queues,shared-store,deadlocks,slots,suspects,waiting-suspects}.test.ts',
  'test/faults/{answers-are-lost,late-acceptance,locked-store,mail,results,slots,store-*}.test.ts',
]

export default defineConfig({
  test: {
    maxWorkers: '100%',
    projects: [
      sharing(project('development', include, [...exclude, ...oneBuild])),
      sharing(project('production', include, exclude)),
      named('alone', project('production', alone)),
    ],
  },
})
