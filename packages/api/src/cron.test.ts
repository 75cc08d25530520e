/** What schedules mean, and what is none. */
import { describe, expect, test } from "bun:test"
import { type CronTimes, parseCron } from "./cron.ts"

const times = (text: string): CronTimes => {
  const parsed = parseCron(text)
  if (typeof parsed === "string" || "everyMs" in parsed) throw new Error(`${text}: ${JSON.stringify(parsed)}`)
  return parsed
}

describe("a schedule", () => {
  for (const [text, minutes] of [
    ["5 * * * *", [5]],
    ["*/20 * * * *", [0, 20, 40]],
    ["5/20 * * * *", [5, 25, 45]],
    ["0-10/5,30,,31 * * * *", [0, 5, 10, 30, 31]]
  ] as const) {
    test(`${text} is due at these minutes`, () => expect([...times(text).minutes]).toEqual([...minutes]))
  }

  test("has months and days by name, in any case", () => {
    const { months, daysOfWeek } = times("0 0 1 jan-MAR Mon,5")
    expect([[...months], [...daysOfWeek]]).toEqual([
      [1, 2, 3],
      [1, 5]
    ])
  })

  for (const [text, eitherDay] of [
    ["0 0 13 * 5", true],
    ["0 0 13 * *", false],
    ["0 0 ? * 5", false],
    ["0 0 */2 * 5", true],
    ["0 0 */1 * 5", false]
  ] as const) {
    test(`${text} needs ${eitherDay ? "one of its days" : "its day"}`, () => expect(times(text).eitherDay).toBe(eitherDay))
  }

  test("has shortcuts", () => {
    expect(parseCron("@weekly")).toEqual(parseCron("0 0 * * 0"))
    expect(parseCron("@midnight")).toEqual(parseCron("0 0 * * *"))
  })

  for (const [text, everyMs] of [
    ["@every 1h30m", 5_400_000],
    ["@every 1.5s", 1000],
    ["@every 10ms", 1000],
    ["@every -1h", 1000]
  ] as const) {
    test(`${text} is ${everyMs} ms`, () => expect(parseCron(text)).toEqual({ everyMs }))
  }

  for (const [text, sentence] of [
    ["* * * *", "expected exactly 5 fields, found 4: [* * * *]"],
    ["@noon", "unrecognized descriptor: @noon"],
    ["@every soon", 'failed to parse duration @every soon: time: invalid duration "soon"'],
    ["x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    ["1-2-3 * * * *", "too many hyphens: 1-2-3"],
    ["1/2/3 * * * *", "too many slashes: 1/2/3"]
  ] as const) {
    test(`${text} is none`, () => expect(parseCron(text)).toBe(sentence))
  }
})
