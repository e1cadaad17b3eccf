/**
 * Finds the ways through a walk, by XState's own search.
 *
 * Owns: what counts as the same place in that search, its limits, and that each way found is one that can really be gone:
 * every one of them is walked once more from the start. Talks to: `xstate/graph`. Knows neither options nor a runtime.
 */
import type { ActorLogic, ActorSystem } from 'xstate'
import { getShortestPaths, getSimplePaths } from 'xstate/graph'
import { StatewardError } from '../../errors.js'
import type { Move, Moves } from './moves.js'
import type { Place, ProgramWalk } from './program-walk.js'

/** What a search goes by. */
export interface Search {
  readonly entryPoint: string
  readonly walk: ProgramWalk
  readonly moves: Moves
  readonly kind: 'shortest' | 'simple'
  readonly limit: number
  /** By which a place is known again. */
  key(place: Place): string
}

/** A way: what happened, and where each of it led. */
export interface Way {
  readonly begin: Place
  readonly steps: readonly { readonly move: Move; readonly place: Place }[]
}

/** A place as XState's search takes it: the snapshot of some logic. */
interface Found {
  readonly status: 'active'
  readonly output: undefined
  readonly error: undefined
  readonly place: Place
}

interface Moved {
  readonly type: string
  readonly move: Move
}

type WalkLogic = ActorLogic<Found, Moved, unknown, ActorSystem<never>>

/** How many edges a search may look at for each place that it may find, before it is taken for endless. */
const edgesPerPlace = 100

/** Every way, without those that are the beginning of another. */
export function findWays(search: Search, begin: Place): Way[] {
  const { walk, moves, kind } = search
  const { serializeState, events } = bounded(search)
  const found = (place: Place): Found => ({ status: 'active', output: undefined, error: undefined, place })
  const logic: WalkLogic = {
    transition: ({ place }, { move }) => found(walk.go(place, move.happening)),
    getInitialSnapshot: () => found(begin),
    getPersistedSnapshot: (snapshot) => snapshot,
  }
  const options = { serializeState, serializeEvent: ({ move }: Moved) => move.key, events, fromState: found(begin) }
  const paths = kind === 'simple' ? getSimplePaths(logic, options) : getShortestPaths(logic, options)
  const ways = paths.map(({ steps }) => {
    const keys = steps.slice(1).map(({ event }) => event.move.key)
    return walked(walk, moves, begin, keys)
  })
  return withoutBeginnings(ways)
}

/** The shortest ways go through every transition, the simple ones to every place without meeting one twice. */
function bounded({ key, moves, kind, limit, entryPoint }: Search) {
  const keys = new WeakMap<Place, string>()
  const places = new Set<string>()
  let edges = 0
  const keyOf = (place: Place) => {
    let text = keys.get(place)
    if (text === undefined) keys.set(place, (text = key(place)))
    return text
  }
  return {
    serializeState({ place }: Found, event: Moved | undefined, before?: Found): string {
      if (++edges > limit * edgesPerPlace) throw tooMany(entryPoint, limit, kind)
      const text = keyOf(place)
      return kind === 'simple' || !event || !before ? text : JSON.stringify([text, event.move.key, keyOf(before.place)])
    },
    events({ place }: Found): Moved[] {
      if (places.add(keyOf(place)).size > limit) throw tooMany(entryPoint, limit, 'states')
      return moves.at(place).map((move) => ({ type: move.happening.event.type, move }))
    },
  }
}

/** As far as it can be gone: a place that stands for several has the moves of the one that was found first. */
function walked(walk: ProgramWalk, moves: Moves, begin: Place, keys: readonly string[]): Way {
  const steps: { move: Move; place: Place }[] = []
  let at = begin
  for (const key of keys) {
    const move = moves.at(at).find((each) => each.key === key)
    if (!move) break
    at = walk.go(at, move.happening)
    steps.push({ move, place: at })
  }
  return { begin, steps }
}

function withoutBeginnings(ways: readonly Way[]): Way[] {
  const seen = new Set<string>()
  for (const { steps } of ways) for (let end = 0; end < steps.length; end++) seen.add(keyOfWay(steps.slice(0, end)))
  return ways.filter(({ steps }) => seen.size < seen.add(keyOfWay(steps)).size)
}

const keyOfWay = (steps: Way['steps']) => JSON.stringify(steps.map(({ move }) => move.key))

function tooMany(entryPoint: string, limit: number, what: 'states' | 'shortest' | 'simple'): StatewardError {
  const found = what === 'states' ? `more than ${limit} states` : `no end of ${what} paths`
  const message =
    `pathsOf(${entryPoint}) found ${found}. If its context grows without end, leave out of it what grows: \`context: false\`, ` +
    `or \`context: (context) => …\` with the part that counts. Try fewer \`events\`, or \`kind: 'shortest'\`; or raise \`limit\`.`
  return new StatewardError('invalid_option', message, { details: { entryPoint, option: 'limit', limit } })
}
