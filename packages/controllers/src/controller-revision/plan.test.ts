import { describe, expect, test } from "bun:test"
import type { ControllerRevision } from "@tsukube/api/apps-v1"
import type { PodTemplateSpec } from "@tsukube/api/core-v1"
import { byRevision, choose, dataOf, expendable, templateOf } from "./plan.ts"

const template = (image: string): PodTemplateSpec => ({
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "c", image }] }
})
const revision = (name: string, number: number, image: string): ControllerRevision => ({
  metadata: { name, uid: name },
  revision: number,
  data: dataOf(template(image))
})

test("a revision is a patch that brings its template back, with keys in order", () => {
  const data = dataOf({ spec: { containers: [{ name: "c", image: "x" }] }, metadata: { labels: { b: "1", a: "2" } } })
  expect(JSON.stringify(data)).toBe(
    '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"a":"2","b":"1"}},"spec":{"containers":[{"image":"x","name":"c"}]}}}}'
  )
  expect(templateOf(revision("a", 1, "x"))).toEqual(template("x"))
  expect(templateOf({ revision: 1 })).toEqual({})
})

describe("the wanted template", () => {
  const one = revision("one", 1, "x")
  const two = revision("two", 2, "y")
  const cases: ReadonlyArray<readonly [what: string, image: string, there: ReadonlyArray<ControllerRevision>, expected: object]> =
    [
      ["of a new owner is the first", "x", [], { type: "create", number: 1 }],
      ["that is new comes after all others", "z", [one, two], { type: "create", number: 3 }],
      ["that is the newest stays so", "y", [one, two], { type: "keep", revision: two }],
      ["that was there before gets the highest number", "x", [one, two], { type: "renumber", revision: one, number: 3 }],
      [
        "that is there twice stays the newer of both",
        "x",
        [one, revision("twin", 2, "x")],
        { type: "keep", revision: revision("twin", 2, "x") }
      ],
      [
        "shares its number with another and gets a higher one",
        "x",
        [two, revision("one", 2, "x")],
        { type: "renumber", revision: revision("one", 2, "x"), number: 3 }
      ]
    ]
  test.each(cases)("%s", (_, image, there, expected) => {
    expect(choose(template(image), [...there].sort(byRevision)) as object).toEqual(expected)
  })
})

test("only what nothing lives by may go, the oldest first", () => {
  const all = [1, 2, 3, 4].map((number) => revision(String(number), number, "x"))
  const isLive = ({ revision: number }: ControllerRevision): boolean => number === 2
  const numbers = (surplus: number) => expendable(all, surplus, isLive).map(({ revision: number }) => number)
  expect(numbers(-1)).toEqual([])
  expect(numbers(0)).toEqual([])
  expect(numbers(2)).toEqual([1, 3])
  expect(numbers(9)).toEqual([1, 3, 4])
})
