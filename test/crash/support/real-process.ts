/**
 * A process of its own, to be killed, frozen and started again: the verbs of the crash tests.
 *
 * Owns: one child process and its output. Waits for conditions; when one does not come, says which, and what the process said.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** How a process has ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** An error as a process told it. */
export interface ToldError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly details?: Readonly<Record<string, unknown>>
}

/** The answer to a request. */
export interface Answer {
  readonly ok?: unknown
  readonly error?: ToldError
}

/** Where the repository is. */
export const repository = fileURLToPath(new URL('../../../', import.meta.url))

const compiled = `${repository}dist-processes/test/crash/processes/`
/** After so long a condition that did not come fails its test, in ms. */
const PATIENCE = 60_000
/** How often a condition is looked at, besides at each line of output, in ms. */
const LOOK = 5

/** One process; plain Node, so that it loads XState's production build. */
export class RealProcess {
  readonly output: string[] = []
  readonly errors: string[] = []
  readonly ended: Promise<Ended>
  readonly #child: ChildProcess
  #end: Ended | undefined
  #asked = 0
  #lookers = new Set<() => void>()

  private constructor(child: ChildProcess) {
    this.#child = child
    const lines = createInterface(child.stdout as NodeJS.ReadableStream)
    lines.on('line', (line) => {
      this.output.push(line)
      for (const look of this.#lookers) look()
    })
    createInterface(child.stderr as NodeJS.ReadableStream).on('line', (line) => this.errors.push(line))
    // a killed process reads no more
    child.stdin?.on('error', () => undefined)
    this.ended = this.#watch(lines)
  }

  /** Starts one of the programs in `processes/` with its settings, or a compiled file with arguments. */
  static start(
    program: string,
    settings: object | readonly string[],
    as: { uid?: number; gid?: number; cwd?: string } = {},
  ): RealProcess {
    const args = Array.isArray(settings) ? (settings as string[]) : [JSON.stringify(settings)]
    const file = program.includes('/') ? program : `${compiled}${program}.js`
    const { NODE_OPTIONS: _, ...env } = process.env
    return new RealProcess(spawn(process.execPath, [file, ...args], { stdio: 'pipe', env, ...as }))
  }

  get pid(): number {
    return this.#child.pid as number
  }

  get isGone(): boolean {
    return this.#end !== undefined
  }

  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<Ended> {
    this.#child.kill('SIGKILL')
    return this.ended
  }

  /** SIGKILL at an instant that nothing in the process decides; resolves when it is gone, also if it had ended before. */
  killIn(ms: number): Promise<Ended> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), ms)
    return this.ended.finally(() => clearTimeout(timer))
  }

  /** SIGSTOP; resolves when it stands still. */
  async freeze(): Promise<void> {
    this.#child.kill('SIGSTOP')
    await this.waitUntil('the process stands still', () => this.#state() === 'T')
  }

  /** SIGCONT. */
  thaw(): void {
    this.#child.kill('SIGCONT')
  }

  /** Ends its standard input. */
  closeInput(): void {
    this.#child.stdin?.end()
  }

  /** What it said that begins with `word`, without that. */
  said(word: string): string[] {
    return this.output.filter((line) => line === word || line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1))
  }

  /** Resolves once the condition holds; fails with its description, at once if the process has ended without it. */
  waitUntil(description: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    return new Promise((resolve, reject) => {
      const since = performance.now()
      let looking = false
      const done = (then: () => void) => {
        clearInterval(timer)
        this.#lookers.delete(look)
        then()
      }
      const fail = (why: string) => done(() => reject(new Error(`${why} before ${description}.\n${this.story()}`)))
      const consider = async () => {
        const wasGone = this.isGone
        if (await condition()) return done(resolve)
        if (wasGone) return fail(`The process ended (${JSON.stringify(this.#end)})`)
        if (performance.now() - since > PATIENCE) fail(`${PATIENCE} ms passed`)
      }
      const look = () => {
        if (looking) return
        looking = true
        void consider()
          .catch((error: unknown) => done(() => reject(error)))
          .finally(() => (looking = false))
      }
      const timer = setInterval(look, LOOK)
      this.#lookers.add(look)
      look()
    })
  }

  /** Resolves once it has said a line that begins with `word`; with what follows. */
  async untilSaid(word: string): Promise<string> {
    await this.waitUntil(`it said "${word}"`, () => this.said(word).length > 0)
    return this.said(word)[0] as string
  }

  /** Sends a request and resolves with the answer. */
  async ask(request: object): Promise<Answer> {
    const ask = ++this.#asked
    this.#child.stdin?.write(`${JSON.stringify({ ask, ...request })}\n`)
    return JSON.parse(await this.untilSaid(`answer ${ask}`)) as Answer
  }

  /** The value of an answer; an error fails the test. */
  async get<T = unknown>(request: object): Promise<T> {
    const { ok, error } = await this.ask(request)
    if (error) throw new Error(`${JSON.stringify(request)} was answered with ${error.code}: ${error.message}\n${this.story()}`)
    return ok as T
  }

  /** Its last words, for messages. */
  story(): string {
    return [`Process ${this.pid} said:`, ...this.output.slice(-15), 'and complained:', ...this.errors.slice(-15)].join('\n')
  }

  async #watch(lines: NodeJS.EventEmitter): Promise<Ended> {
    const closed = once(lines, 'close')
    const [code, signal] = (await once(this.#child, 'exit')) as [number | null, NodeJS.Signals | null]
    await closed
    return (this.#end = { code, signal })
  }

  /** The third field of proc(5)'s `stat`; elsewhere than on Linux a stopped process is taken at its word. */
  #state(): string {
    try {
      const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8')
      return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)
    } catch {
      return 'T'
    }
  }
}
