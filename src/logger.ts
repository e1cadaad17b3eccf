/**
 * Guards the user's logger, which gets the runtime's messages and the programs' logs.
 *
 * Owns: that a logger is a function or one of levels (the console, pino), and that one that throws or rejects harms
 * nobody: what it is given is then lost, and the process is warned once.
 */

/** Takes a message. */
export type LogFunction = (...args: unknown[]) => void

/** A logger of levels, such as `console` or one of pino's. It is called with a text, and with the error that the text is about. */
export interface LevelLogger {
  info(...args: unknown[]): void
  warn(...args: unknown[]): void
  error(...args: unknown[]): void
}

/** A logger that never throws. Called as a function it warns. */
export interface Log extends LogFunction {
  readonly info: LogFunction
  readonly warn: LogFunction
  readonly error: LogFunction
  /** Logs what a program itself logs, as it is, at the level `info`. */
  readonly program: LogFunction
}

/** True for what may be given as a logger. */
export function isLogger(value: unknown): value is LogFunction | LevelLogger {
  if (typeof value === 'function') return true
  const levels = value as Partial<LevelLogger> | null
  return (
    typeof levels === 'object' &&
    levels !== null &&
    [levels.info, levels.warn, levels.error].every((level) => typeof level === 'function')
  )
}

/** The guarded form of a logger; without one nothing is logged. */
export function guardedLogger(logger: LogFunction | LevelLogger | undefined): Log {
  const quiet = () => undefined
  if (logger === undefined) return Object.assign(() => undefined, { info: quiet, warn: quiet, error: quiet, program: quiet })
  let hasWarned = false
  const failed = (error: unknown) => {
    if (hasWarned) return
    hasWarned = true
    process.emitWarning(`A logger of Stateward has failed, and what it was told is lost: ${text(error)}`)
  }
  const guarded =
    (call: LogFunction): LogFunction =>
    (...args) => {
      try {
        const answer = call(...args) as unknown
        if (isThenable(answer)) answer.then(undefined, failed)
      } catch (error) {
        failed(error)
      }
    }
  if (typeof logger === 'function') {
    const plain = guarded(logger)
    return Object.assign((...args: unknown[]) => plain(...args), { info: plain, warn: plain, error: plain, program: plain })
  }
  // a logger of levels may read texts after the first as values for its placeholders
  const logged = (level: 'info' | 'warn' | 'error') => guarded((...args) => logger[level](...oneText(args)))
  const warn = logged('warn')
  const program = guarded((...args) => logger.info(...args))
  return Object.assign((...args: unknown[]) => warn(...args), { info: logged('info'), warn, error: logged('error'), program })
}

/** Everything as one text, followed by the error that it is about. */
function oneText(args: readonly unknown[]): unknown[] {
  const error = args.find((arg) => arg instanceof Error)
  return [args.map(text).join(' '), ...(error === undefined ? [] : [error])]
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'

function text(value: unknown): string {
  try {
    if (typeof value === 'string') return value
    if (value instanceof Error) return value.message
    return JSON.stringify(value) ?? String(value)
  } catch {
    return 'something that can not be shown'
  }
}
