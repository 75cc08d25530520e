/** Schedules of CronJobs: five fields or a shortcut, as `cron` and Kubernetes read them. @module */

/** The minutes of the clock at which something is due. */
export interface CronTimes {
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly daysOfMonth: ReadonlySet<number>
  /** 1 is January. */
  readonly months: ReadonlySet<number>
  /** 0 is Sunday. */
  readonly daysOfWeek: ReadonlySet<number>
  /** Where both kinds of days are restricted, one of them is enough: `0 0 13 * 5` is every 13th and every Friday. */
  readonly eitherDay: boolean
}

/** When something is due: at times of the clock, or always so long after the time before. */
export type CronSchedule = CronTimes | { readonly everyMs: number }

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

interface Bounds {
  readonly min: number
  readonly max: number
  /** Names that stand for numbers, the first for `min`. */
  readonly names?: ReadonlyArray<string>
}

const bounds = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: days }
] as const satisfies ReadonlyArray<Bounds>

const shortcuts: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *"
}

/** Reads a schedule without a time zone; the sentence of the error where it is none. */
export const parseCron = (text: string): CronSchedule | string => {
  if (text.startsWith("@every ")) return parseEvery(text)
  if (text.startsWith("@")) {
    const fields = shortcuts[text]
    return fields === undefined ? `unrecognized descriptor: ${text}` : parseFields(fields)
  }
  return parseFields(text)
}

const parseFields = (text: string): CronTimes | string => {
  const parts = text.trim().split(/\s+/)
  if (parts.length !== bounds.length) return `expected exactly 5 fields, found ${parts.length}: [${parts.join(" ")}]`
  const fields: Array<Field> = []
  for (const [i, part] of parts.entries()) {
    const field = parseField(part, bounds[i] ?? bounds[0])
    if (typeof field === "string") return field
    fields.push(field)
  }
  const [minutes, hours, daysOfMonth, monthsOfYear, daysOfWeek] = fields as [Field, Field, Field, Field, Field]
  return {
    minutes: minutes.values,
    hours: hours.values,
    daysOfMonth: daysOfMonth.values,
    months: monthsOfYear.values,
    daysOfWeek: daysOfWeek.values,
    eitherDay: !daysOfMonth.isAny && !daysOfWeek.isAny
  }
}

interface Field {
  readonly values: ReadonlySet<number>
  /** Written as a star: nothing was restricted. */
  readonly isAny: boolean
}

const parseField = (text: string, limits: Bounds): Field | string => {
  const values = new Set<number>()
  let isAny = false
  for (const part of text.split(",").filter((one) => one !== "")) {
    const range = parseRange(part, limits)
    if (typeof range === "string") return range
    for (let value = range.first; value <= range.last; value += range.step) values.add(value)
    isAny ||= range.isAny
  }
  return { values, isAny }
}

interface Range {
  readonly first: number
  readonly last: number
  readonly step: number
  readonly isAny: boolean
}

const parseRange = (text: string, limits: Bounds): Range | string => {
  const [span = "", steps, ...more] = text.split("/")
  const [low = "", high, ...rest] = span.split("-")
  if (more.length > 0) return `too many slashes: ${text}`
  if (rest.length > 0) return `too many hyphens: ${text}`
  const star = low === "*" || low === "?"
  const first = star ? limits.min : parseNumber(low, limits.names, limits.min)
  if (typeof first === "string") return first
  // A step without an end goes on to the last: `5/15` is `5-59/15`.
  const isOpen = star || (high === undefined && steps !== undefined)
  const last = isOpen ? limits.max : high === undefined ? first : parseNumber(high, limits.names, limits.min)
  if (typeof last === "string") return last
  const step = steps === undefined ? 1 : parseNumber(steps, undefined, 0)
  if (typeof step === "string") return step
  if (first < limits.min) return `beginning of range (${first}) below minimum (${limits.min}): ${text}`
  if (last > limits.max) return `end of range (${last}) above maximum (${limits.max}): ${text}`
  if (first > last) return `beginning of range (${first}) beyond end of range (${last}): ${text}`
  if (step === 0) return `step of range should be a positive number: ${text}`
  return { first, last, step, isAny: star && step === 1 }
}

const parseNumber = (text: string, names: ReadonlyArray<string> | undefined, first: number): number | string => {
  const at = names?.indexOf(text.toLowerCase()) ?? -1
  if (at >= 0) return first + at
  if (/^[+]?\d+$/.test(text)) return Number(text)
  if (/^-\d+$/.test(text)) return `negative number (${text}) not allowed: ${text}`
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`
}

const units: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const durationPart = /(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g

/** `@every 1h30m`: whole seconds, and at least one. */
const parseEvery = (text: string): CronSchedule | string => {
  const duration = text.slice("@every ".length)
  if (!/^[-+]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/.test(duration)) {
    return `failed to parse duration ${text}: time: invalid duration ${JSON.stringify(duration)}`
  }
  const parts = [...duration.matchAll(durationPart)].map(([, count, unit = ""]) => Number(count) * (units[unit] ?? 0))
  const ms = duration.startsWith("-") ? 0 : parts.reduce((sum, part) => sum + part, 0)
  return { everyMs: Math.max(1000, Math.floor(ms / 1000) * 1000) }
}
