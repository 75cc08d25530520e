/** Validation of the schedule and time zone of a CronJob. @module */
import { parseCron } from "../cron.ts"
import { invalid, required } from "../field-error.ts"
import type { Findings } from "./findings.ts"

/** A schedule in five fields, or a shortcut; a time zone has a field of its own. */
export function* validateSchedule(schedule: string, timeZone: string | undefined, path: string): Findings {
  if (schedule === "") {
    yield required(path)
    return
  }
  const parsed = parseCron(schedule.replace(/^(CRON_)?TZ=\S*\s+/, ""))
  if (typeof parsed === "string") yield invalid(path, schedule, parsed)
  if (!schedule.includes("TZ")) return
  if (timeZone !== undefined) yield invalid(path, schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule")
  else yield invalid(path, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")
}

/** The name of a time zone of the IANA database. */
export function* validateTimeZone(name: string | undefined, path: string): Findings {
  if (name === undefined) return
  if (name === "") yield invalid(path, name, "timeZone must be nil or non-empty string")
  else if (name.toLowerCase() === "local")
    yield invalid(path, name, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones")
  else if (!isTimeZone(name)) yield invalid(path, name, `unknown time zone ${name}`)
}

const isTimeZone = (name: string): boolean => {
  // Offsets such as +01:00 are for JavaScript only.
  if (/^[+-]/.test(name)) return false
  try {
    new Intl.DateTimeFormat("en", { timeZone: name })
    return true
  } catch {
    return false
  }
}
