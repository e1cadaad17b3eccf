/**
 * The calls that a trial makes on its runtimes.
 *
 * Owns: what became of each, and making those again that were refused. Nobody waits for an answer: it may never come.
 */
import { isStatewardError } from '../../errors.js'

/** A call, and what became of it. */
export interface Asked {
  readonly what: string
  readonly id?: string
  readonly ping?: number
  readonly publication?: string
  state: 'pending' | 'answered' | 'refused'
  answer?: { readonly status: string; readonly revision?: number; readonly seq?: number }
  error?: unknown
}

/** What is known of a call beside its name. `again`: if it is refused it is made again with the next line of the script. */
export interface CallAbout {
  readonly id?: string
  readonly ping?: number
  readonly publication?: string
  readonly again?: boolean
}

/** All calls of a trial, in order. */
export class TrialCalls {
  readonly asked: Asked[] = []
  #refused: (() => void)[] = []

  /** Makes a call, and notes what becomes of it. */
  ask(what: string, { again = false, ...about }: CallAbout, run: () => Promise<unknown>): void {
    const asked: Asked = { what, ...about, state: 'pending' }
    this.asked.push(asked)
    const ask = async () => {
      try {
        asked.answer = (await run()) as NonNullable<Asked['answer']>
        asked.state = 'answered'
      } catch (error) {
        asked.state = 'refused'
        asked.error = error
        const isOver = isStatewardError(error) && !error.retryable && error.code !== 'not_started'
        if (again && !isOver) this.#refused.push(() => this.ask(what, { again, ...about }, run))
      }
    }
    void ask()
  }

  /** Makes those again that were refused since the last time; how many. */
  askAgain(): number {
    const refused = this.#refused.splice(0)
    for (const ask of refused) ask()
    return refused.length
  }
}
