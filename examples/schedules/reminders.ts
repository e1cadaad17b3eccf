/**
 * Reminders that users set while the program runs.
 *
 * Owns: how a user's words become a schedule. Each reminder is one schedule, whose id is the user's and the reminder's own, so that a
 * user may change it, put it off for a while, or take it back; also after a restart, and from another process.
 */
import type { Schedules } from 'stateward'

/** When to remind: once, every day at a time of the user's zone, or after each interval. */
export type When = { readonly at: Date } | { readonly daily: string; readonly timeZone: string } | { readonly everyMs: number }

/** The reminders of all users, as schedules of the entry point `reminders`. */
export function remindersOf(schedules: Schedules) {
  const idOf = (user: string, name: string) => `reminder:${user}:${name}`
  return {
    /** Sets a reminder, or changes it. */
    async remind(user: string, name: string, text: string, when: When) {
      const times =
        'at' in when ? when : 'daily' in when ? { cron: cronOf(when.daily), timeZone: when.timeZone } : { every: when.everyMs }
      return schedules.set(idOf(user, name), { entryPoint: 'reminders', input: { user, text }, missed: 'once', ...times })
    },
    /** None of them until `goOn`. What was missed meanwhile comes once. */
    putOff: (user: string, name: string) => schedules.pause(idOf(user, name), { actor: user }),
    goOn: (user: string, name: string) => schedules.resume(idOf(user, name), { actor: user }),
    takeBack: (user: string, name: string) => schedules.remove(idOf(user, name)),
    /** Those of one user that are still to come, with the instant of the next one. */
    async of(user: string) {
      const found: { readonly name: string; readonly next: number | null }[] = []
      for (let cursor: string | undefined; ;) {
        const page = await schedules.list({ entryPoint: 'reminders', ...(cursor === undefined ? {} : { cursor }) })
        for (const { id, status, next } of page.schedules)
          if (status !== 'ended' && id.startsWith(idOf(user, ''))) found.push({ name: id.slice(idOf(user, '').length), next })
        if (page.cursor === undefined) return found
        cursor = page.cursor
      }
    },
  }
}

/** `09:30` of every day. */
function cronOf(daily: string): string {
  const [hour, minute] = daily.split(':').map(Number)
  return `${minute} ${hour} * * *`
}
