/**
 * Loads and unloads plug-ins while the host runs: each is a module of a folder, and its entry points are a group.
 *
 * Owns: that a module which can't be loaded changes nothing, and that a plug-in which is unloaded comes to rest first. What its
 * executions have left stands in the store, and goes on when the plug-in is loaded again, also by another process.
 */
import { readdir } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { pathToFileURL } from 'node:url'
import { defineGroup, type EntryPoint, type RemoveOutcome, type Runtime } from 'stateward'

/** What a module of a plug-in exports. */
interface PlugIn {
  readonly entryPoints: readonly EntryPoint[]
}

/** The plug-ins of one folder. */
export class PlugInHost {
  readonly #runtime: Runtime
  readonly #folder: string
  #loads = 0

  constructor(runtime: Runtime, folder: string) {
    this.#runtime = runtime
    this.#folder = folder
  }

  /** The names of the modules in the folder. */
  async found(): Promise<readonly string[]> {
    const files = (await readdir(this.#folder)).map((file) => parse(file))
    return files.filter(({ ext }) => /^\.[mc]?[jt]s$/.test(ext)).map(({ name }) => name)
  }

  /** The names of those that are loaded. */
  get loaded(): readonly string[] {
    return [...new Set(this.#runtime.entryPoints.flatMap(({ group }) => group ?? []))]
  }

  /** Loads a plug-in as it is in its file now; one that is loaded already comes to rest before. Rejects if the module is none; then what was loaded is not there. */
  async load(name: string): Promise<readonly string[]> {
    const file = (await readdir(this.#folder)).find((each) => parse(each).name === name)
    if (file === undefined) throw new Error(`There is no plug-in ${name}.`)
    // Node keeps modules for ever: another address is another module
    const address = `${pathToFileURL(join(this.#folder, file)).href}?load=${++this.#loads}`
    const { entryPoints } = (await import(/* @vite-ignore */ address)) as PlugIn
    const group = defineGroup(name, entryPoints)
    await this.unload(name)
    return (await this.#runtime.add(group)).ids
  }

  /** What runs of it has five seconds to come to its end or to rest. */
  unload(name: string): Promise<RemoveOutcome> {
    return this.#runtime.remove({ group: name }, { drain: 5_000 })
  }
}
