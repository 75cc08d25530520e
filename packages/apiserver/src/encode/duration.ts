/** Writes how long ago something was, as kubectl's columns show it. @module */

/** `90s`, `5m30s`, `3h12m`, `2d4h`, `1y30d`: two units at most, and only one where the second would not matter. */
export const humanDuration = (milliseconds: number): string => {
  const seconds = Math.trunc(milliseconds / 1000)
  if (seconds < -1) return "<invalid>"
  if (seconds < 0) return "0s"
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.trunc(seconds / 60)
  if (minutes < 10) return two(minutes, "m", seconds % 60, "s")
  if (minutes < 180) return `${minutes}m`
  const hours = Math.trunc(minutes / 60)
  if (hours < 8) return two(hours, "h", minutes % 60, "m")
  if (hours < 48) return `${hours}h`
  const days = Math.trunc(hours / 24)
  if (hours < 192) return two(days, "d", hours % 24, "h")
  if (days < 730) return `${days}d`
  const years = Math.trunc(days / 365)
  return days < 2920 ? two(years, "y", days % 365, "d") : `${years}y`
}

const two = (first: number, firstUnit: string, second: number, secondUnit: string): string =>
  second === 0 ? `${first}${firstUnit}` : `${first}${firstUnit}${second}${secondUnit}`

/** The time since then; `<unknown>` when there is no time. */
export const since = (time: string | undefined | null, now: number): string =>
  time === undefined || time === null || time === "" ? "<unknown>" : humanDuration(now - Date.parse(time))
