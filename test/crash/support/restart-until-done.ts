/** Starts a process again until one gets through. Owns: the count of its lives. */
import type { RealProcess } from './real-process.js'

/** A verb of the crash tests: `start` is called with the number of the life, from 1; `after` when it has ended. Resolves with how many were killed. */
export async function restartUntilDone(
  start: (life: number) => RealProcess,
  after: (process: RealProcess) => Promise<void> = () => Promise.resolve(),
  atMost = 20,
): Promise<number> {
  for (let life = 1; life <= atMost; life++) {
    const process = start(life)
    const { code, signal } = await process.ended
    if (code !== 0 && signal !== 'SIGKILL')
      throw new Error(`Life ${life} ended by itself, with ${code ?? signal}.\n${process.story()}`)
    await after(process)
    if (code === 0) return life - 1
  }
  throw new Error(`Not done after ${atMost} lives.`)
}
