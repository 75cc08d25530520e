/** When schedules are due: days, zones, clocks that are set. */
import { describe, expect, test } from "bun:test"
import { type CronSchedule, parseCron } from "@tsukube/api"
import { lastTime, nextTime } from "./schedule.ts"
import { formatLocal, type OffsetAt, offsetsOf } from "./time-zone.ts"

const read = (text: string): CronSchedule => {
  const parsed = parseCron(text)
  if (typeof parsed === "string") throw new Error(parsed)
  return parsed
}
const zone = (name: string): OffsetAt => {
  const offsetAt = offsetsOf(name)
  if (offsetAt === undefined) throw new Error(name)
  return offsetAt
}
const at = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString())
const berlin = "Europe/Berlin"

describe("the next time of", () => {
  for (const [text, timeZone, after, next] of [
    ["*/1 * * * *", "UTC", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00.000Z"],
    ["*/1 * * * *", "UTC", "2026-01-01T00:00:59.999Z", "2026-01-01T00:01:00.000Z"],
    ["30 6 * * *", "UTC", "2026-01-01T06:30:00Z", "2026-01-02T06:30:00.000Z"],
    ["0 0 1 1 *", "UTC", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00.000Z"],
    ["0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00.000Z"],
    ["0 0 31 2 *", "UTC", "2026-01-01T00:00:00Z", undefined],
    // The 13th and every Friday.
    ["0 0 13 * 5", "UTC", "2026-01-02T00:00:00Z", "2026-01-09T00:00:00.000Z"],
    ["0 0 13 * 5", "UTC", "2026-01-09T00:00:00Z", "2026-01-13T00:00:00.000Z"],
    ["@every 90s", "UTC", "2026-01-01T00:00:10.700Z", "2026-01-01T00:01:40.000Z"],
    ["0 9 * * 1-5", "America/New_York", "2026-07-03T14:00:00Z", "2026-07-06T13:00:00.000Z"],
    ["0 0 * * *", "Asia/Kathmandu", "2026-01-01T00:00:00Z", "2026-01-01T18:15:00.000Z"],
    // Clocks go from 2 to 3 o'clock: half past two is not shown on that day.
    ["30 2 * * *", berlin, "2026-03-28T12:00:00Z", "2026-03-30T00:30:00.000Z"],
    ["0 * * * *", berlin, "2026-03-29T00:30:00Z", "2026-03-29T01:00:00.000Z"],
    // Clocks go back from 3 to 2: half past two is shown twice, and no hour is left out.
    ["30 2 * * *", berlin, "2026-10-24T12:00:00Z", "2026-10-25T00:30:00.000Z"],
    ["30 2 * * *", berlin, "2026-10-25T00:30:00Z", "2026-10-25T01:30:00.000Z"],
    ["30 2 * * *", berlin, "2026-10-25T01:30:00Z", "2026-10-26T01:30:00.000Z"],
    ["0 * * * *", berlin, "2026-10-25T00:10:00Z", "2026-10-25T01:00:00.000Z"],
    ["0 12 1 7 *", berlin, "2026-01-01T00:00:00Z", "2026-07-01T10:00:00.000Z"]
  ] as const) {
    test(`${text} in ${timeZone} after ${after} is ${next}`, () => {
      expect(at(nextTime(read(text), Date.parse(after), zone(timeZone)))).toBe(next)
    })
  }
})

describe("the last time of", () => {
  for (const [text, first, now, last] of [
    ["*/1 * * * *", "2026-01-01T00:01:00Z", "2026-01-01T00:01:00Z", "2026-01-01T00:01:00.000Z"],
    ["*/1 * * * *", "2025-01-01T00:01:00Z", "2026-01-01T00:01:30Z", "2026-01-01T00:01:00.000Z"],
    // Its times lie close together once a week: the last of them is not found by their distance.
    ["*/5 9 * * 1", "2026-01-05T09:00:00Z", "2026-01-18T12:00:00Z", "2026-01-12T09:55:00.000Z"],
    ["0 0 1 1 *", "2020-01-01T00:00:00Z", "2026-06-01T00:00:00Z", "2026-01-01T00:00:00.000Z"],
    ["@every 7s", "2026-01-01T00:00:03Z", "2026-01-01T00:00:18Z", "2026-01-01T00:00:17.000Z"]
  ] as const) {
    test(`${text} from ${first} until ${now} is ${last}`, () => {
      expect(at(lastTime(read(text), Date.parse(first), Date.parse(now), zone("UTC")))).toBe(last)
    })
  }
})

test("no time comes before the one it follows, and none is left out between two", () => {
  const offsetAt = zone(berlin)
  for (const text of ["*/30 * * * *", "15 1-4 * * 0", "0 3 25 10 *", "7,59 2 28-31 3,10 *"]) {
    const schedule = read(text)
    let last = Date.parse("2026-03-27T00:00:00Z")
    for (let i = 0; i < 300; i++) {
      const next = nextTime(schedule, last, offsetAt) ?? 0
      expect(next).toBeGreaterThan(last)
      const between = last + Math.floor((next - last) / 2)
      expect(at(nextTime(schedule, between, offsetAt))).toBe(at(next))
      last = next
    }
  }
})

test("a zone is known by its name, and times are told in it", () => {
  expect(offsetsOf("Mars/Base")).toBeUndefined()
  const summer = Date.parse("2026-07-01T10:00:00Z")
  expect(formatLocal(summer, zone("UTC"))).toBe("2026-07-01T10:00:00Z")
  expect(formatLocal(summer, zone(berlin))).toBe("2026-07-01T12:00:00+02:00")
  expect(formatLocal(summer, zone("America/St_Johns"))).toBe("2026-07-01T07:30:00-02:30")
})
