/** When a schedule is due next. Pure. @module */
import type { CronSchedule, CronTimes } from "@tsukube/api"
import { nextChange, type OffsetAt } from "./time-zone.ts"

const minuteMs = 60_000
const dayMs = 86_400_000
/** A schedule that has no time in five years, such as the 31st of February, has none. */
const horizonDays = 5 * 366

const matchesDay = ({ months, daysOfMonth, daysOfWeek, eitherDay }: CronTimes, day: Date): boolean => {
  if (!months.has(day.getUTCMonth() + 1)) return false
  const [ofMonth, ofWeek] = [daysOfMonth.has(day.getUTCDate()), daysOfWeek.has(day.getUTCDay())]
  return eitherDay ? ofMonth || ofWeek : ofMonth && ofWeek
}

const ascending = (values: ReadonlySet<number>): ReadonlyArray<number> => [...values].sort((left, right) => left - right)

/** The first time on a clock, from `clockMs` on, that fits; the clock is never set. */
const nextOnClock = (times: CronTimes, clockMs: number): number | undefined => {
  const fromMs = Math.ceil(clockMs / minuteMs) * minuteMs
  const [hours, minutes] = [ascending(times.hours), ascending(times.minutes)]
  const firstDay = Math.floor(fromMs / dayMs) * dayMs
  for (let day = firstDay; day <= firstDay + horizonDays * dayMs; day += dayMs) {
    if (!matchesDay(times, new Date(day))) continue
    for (const hour of hours) {
      const minute = minutes.find((one) => day + hour * 60 * minuteMs + one * minuteMs >= fromMs)
      if (minute !== undefined) return day + hour * 60 * minuteMs + minute * minuteMs
    }
  }
  return undefined
}

/**
 * The first moment after `afterMs` at which local clocks show a time of the schedule: none for an hour that they skip, two
 * for an hour that they show twice, as upstream.
 */
const nextInZone = (times: CronTimes, afterMs: number, offsetAt: OffsetAt): number | undefined => {
  for (let from = afterMs + 1; ; ) {
    const offset = offsetAt(from)
    const clock = nextOnClock(times, from + offset)
    if (clock === undefined) return undefined
    const change = nextChange(offsetAt, from, clock - offset)
    if (change === undefined) return clock - offset
    from = change
  }
}

/** The next moment after `afterMs` at which the schedule is due; undefined when there is none. */
export const nextTime = (schedule: CronSchedule, afterMs: number, offsetAt: OffsetAt): number | undefined =>
  "everyMs" in schedule ? Math.floor(afterMs / 1000) * 1000 + schedule.everyMs : nextInZone(schedule, afterMs, offsetAt)

/** The last moment up to `nowMs` at which the schedule was due, for one that was due first at `firstMs`. */
export const lastTime = (schedule: CronSchedule, firstMs: number, nowMs: number, offsetAt: OffsetAt): number => {
  if ("everyMs" in schedule) return firstMs + Math.floor((nowMs - firstMs) / schedule.everyMs) * schedule.everyMs
  // Looks back twice as far each time: what was missed over a long time need not be gone through.
  for (let backMs = minuteMs; ; backMs *= 2) {
    const from = Math.max(firstMs - 1, nowMs - backMs)
    let last: number | undefined
    for (let at = nextTime(schedule, from, offsetAt); at !== undefined && at <= nowMs; at = nextTime(schedule, at, offsetAt)) {
      last = at
    }
    if (last !== undefined || from < firstMs) return last ?? firstMs
  }
}
