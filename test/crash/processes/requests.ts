/**
 * Lets a test call a runtime in another process: one request a line on the standard input, one answer a line.
 * Owns: the words of the requests.
 */
import { createInterface } from 'node:readline'
import { toErrorRecord, type ExecutionHandle, type Runtime } from '../../../src/index.js'

/** One call; `ask` numbers it. */
export type Request = { readonly ask: number } & (
  | { readonly call: 'trigger'; readonly n: number }
  | { readonly call: 'pause' | 'resume' | 'cancel' | 'get'; readonly id: string }
  | { readonly call: 'send'; readonly id: string; readonly event: { readonly type: string } }
  | { readonly call: 'result'; readonly id: string; readonly timeout?: number }
  | { readonly call: 'health' | 'counts' | 'stop' | 'quit' }
)

/** Answers until `quit`. */
export async function answerRequests(
  runtime: Runtime,
  trigger: (n: number) => Promise<ExecutionHandle>,
  say: (line: string) => void,
): Promise<void> {
  for await (const line of createInterface(process.stdin)) {
    const request = JSON.parse(line) as Request
    const answer = (value: object) => say(`answer ${request.ask} ${JSON.stringify(value)}`)
    if (request.call === 'quit') {
      answer({ ok: null })
      process.stdin.destroy()
      return
    }
    // several may be under way at the same time
    void obey(runtime, trigger, request).then(
      (value) => answer({ ok: value ?? null }),
      (error: unknown) => answer({ error: toErrorRecord(error) }),
    )
  }
}

async function obey(runtime: Runtime, trigger: (n: number) => Promise<ExecutionHandle>, request: Request): Promise<unknown> {
  switch (request.call) {
    case 'trigger':
      return (await trigger(request.n)).id
    case 'send':
      return runtime.execution(request.id).send(request.event)
    case 'result':
      return runtime.execution(request.id).result(request.timeout === undefined ? {} : { timeout: request.timeout })
    case 'health':
      return runtime.registry.health.getSnapshot().context
    case 'counts':
      return runtime.registry.streams.getSnapshot().context
    case 'stop':
      return runtime.stop()
    case 'quit':
      return undefined
    default:
      return runtime.execution(request.id)[request.call]()
  }
}
