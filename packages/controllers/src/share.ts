/** Numbers that may be written as a percentage of a total, such as `maxUnavailable: 25%`. @module */

/** The number that `value` means for this total; 0 where there is none. Percentages are rounded as `round` does. */
export const shareOf = (value: number | string | undefined, total: number, round: (part: number) => number): number => {
  if (value === undefined) return 0
  if (typeof value === "number") return value
  const percent = Number.parseInt(value, 10)
  // Whole numbers first: 0.07 * 100 is not 7 in floating point.
  return Number.isNaN(percent) ? 0 : round((percent * total) / 100)
}
