/** Validation of the schedule and time zone of a CronJob. @module */
import { invalid, required } from "../field-error.ts"
import type { Findings } from "./findings.ts"

const shortcuts: ReadonlySet<string> = new Set(["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"])
const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
interface Bounds {
  readonly min: number
  readonly max: number
  /** Names that stand for numbers, the first for `min`. */
  readonly names?: ReadonlyArray<string>
}
const bounds: ReadonlyArray<Bounds> = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: days }
]

/** A schedule in five fields, or a shortcut; a time zone has a field of its own. */
export function* validateSchedule(schedule: string, timeZone: string | undefined, path: string): Findings {
  if (schedule === "") {
    yield required(path)
    return
  }
  const sentence = wrongWith(schedule)
  if (sentence !== undefined) yield invalid(path, schedule, sentence)
  if (!schedule.includes("TZ")) return
  if (timeZone !== undefined) yield invalid(path, schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule")
  else yield invalid(path, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")
}

const wrongWith = (text: string): string | undefined => {
  const schedule = text.replace(/^(CRON_)?TZ=\S*\s+/, "")
  if (schedule.startsWith("@")) {
    if (shortcuts.has(schedule)) return undefined
    if (!schedule.startsWith("@every ")) return `unrecognized descriptor: ${schedule}`
    const duration = schedule.slice("@every ".length)
    if (/^[-+]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/.test(duration)) return undefined
    return `failed to parse duration ${schedule}: time: invalid duration ${JSON.stringify(duration)}`
  }
  const parts = schedule.trim().split(/\s+/)
  if (parts.length !== 5) return `expected exactly 5 fields, found ${parts.length}: [${parts.join(" ")}]`
  for (const [i, part] of parts.entries()) {
    const sentence = wrongWithField(part, bounds[i] ?? { min: 0, max: 0 })
    if (sentence !== undefined) return sentence
  }
  return undefined
}

const wrongWithField = (field: string, limits: Bounds): string | undefined => {
  for (const range of field.split(",").filter((part) => part !== "")) {
    const sentence = wrongWithRange(range, limits)
    if (sentence !== undefined) return sentence
  }
  return undefined
}

const wrongWithRange = (range: string, limits: Bounds): string | undefined => {
  const [span = "", step, ...more] = range.split("/")
  const [low = "", high, ...rest] = span.split("-")
  if (more.length > 0) return `too many slashes: ${range}`
  const star = low === "*" || low === "?"
  if (rest.length > 0) return `too many hyphens: ${range}`
  const first = star ? limits.min : numberOf(low, limits.names, limits.min)
  if (typeof first === "string") return first
  const last =
    star || (high === undefined && step !== undefined)
      ? limits.max
      : high === undefined
        ? first
        : numberOf(high, limits.names, limits.min)
  if (typeof last === "string") return last
  const every = step === undefined ? 1 : numberOf(step, undefined, 0)
  if (typeof every === "string") return every
  if (first < limits.min) return `beginning of range (${first}) below minimum (${limits.min}): ${range}`
  if (last > limits.max) return `end of range (${last}) above maximum (${limits.max}): ${range}`
  if (first > last) return `beginning of range (${first}) beyond end of range (${last}): ${range}`
  return every === 0 ? `step of range should be a positive number: ${range}` : undefined
}

const numberOf = (text: string, names: ReadonlyArray<string> | undefined, first: number): number | string => {
  const at = names?.indexOf(text.toLowerCase()) ?? -1
  if (at >= 0) return first + at
  if (/^[+]?\d+$/.test(text)) return Number(text)
  if (/^-\d+$/.test(text)) return `negative number (${text}) not allowed: ${text}`
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`
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
