/** How far the clocks of a time zone are from UTC, and when that changes. Pure. @module */

/** Milliseconds by which local time is ahead of UTC at a moment. */
export type OffsetAt = (ms: number) => number

const weekMs = 7 * 86_400_000

/** The offsets of a zone of the IANA database, without a name those of this process; undefined when there is no such zone. */
export const offsetsOf = (timeZone: string | undefined): OffsetAt | undefined => {
  const format = formatOf(timeZone)
  if (format === undefined) return undefined
  return (ms) => {
    const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000
  }
}

const formatOf = (timeZone: string | undefined): Intl.DateTimeFormat | undefined => {
  try {
    return new Intl.DateTimeFormat("en", {
      calendar: "iso8601",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
      ...(timeZone === undefined ? {} : { timeZone })
    })
  } catch {
    return undefined
  }
}

/** The first moment after `from`, up to `to`, from which the clocks are set differently. */
export const nextChange = (offsetAt: OffsetAt, from: number, to: number): number | undefined => {
  const offset = offsetAt(from)
  // No zone sets its clocks forth and back within a week.
  for (let start = from; start < to; start += weekMs) {
    let after = Math.min(start + weekMs, to)
    if (offsetAt(after) === offset) continue
    let before = start
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2)
      if (offsetAt(middle) === offset) before = middle
      else after = middle
    }
    return after
  }
  return undefined
}

/** RFC 3339 with the offset of the zone. */
export const formatLocal = (ms: number, offsetAt: OffsetAt): string => {
  const offset = offsetAt(ms)
  const local = new Date(ms + offset).toISOString().slice(0, 19)
  if (offset === 0) return `${local}Z`
  const minutes = Math.abs(offset) / 60_000
  const pad = (value: number): string => String(value).padStart(2, "0")
  return `${local}${offset < 0 ? "-" : "+"}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`
}
