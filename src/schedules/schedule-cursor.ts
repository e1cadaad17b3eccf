/**
 * How far the ticks of one schedule have come, inside its document.
 *
 * Owns: that a run of a schedule which was changed, paused or taken away meanwhile, in whatever process, reads and writes nothing more:
 * it is told before its next tick fires.
 */
import type { CursorState, TriggerCursor } from '../actors/trigger/trigger.js'
import type { ReadSchedule, ScheduleStore, StoredSchedule } from './stored-schedule.js'

/** The cursor of one run; `superseded` is called once the schedule is another one, and gives what the run ends with. */
export function scheduleCursor(store: ScheduleStore, of: StoredSchedule, superseded: () => Error): TriggerCursor {
  let known: ReadSchedule | undefined
  const own = async (): Promise<CursorState> => {
    known = await store.read(of.id)
    if (known?.schedule.uid !== of.uid || known.schedule.version !== of.version) throw superseded()
    return { text: known.schedule.place, revision: known.revision }
  }
  return {
    read: own,
    async write(text, revision) {
      if (known?.revision !== revision) return own()
      const written = await store.write(of.id, { ...known.schedule, place: text }, revision)
      if (typeof written === 'boolean') return own()
      known = written
      return { text, revision: written.revision }
    },
  }
}
