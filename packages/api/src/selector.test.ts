import { expect, test } from "bun:test"
import { formatFieldSelector, matchesFields, parseFieldSelector } from "./field-selector.ts"
import { formatLabelSelector, labelSelectorFrom, matchesLabels, parseLabelSelector } from "./selector.ts"

const matches = (text: string, labels: Record<string, string>): boolean => matchesLabels(parseLabelSelector(text), labels)

test("label selectors match as people expect", () => {
  const labels = { app: "web", tier: "front", weight: "7", empty: "" }
  for (const text of [
    "",
    "app",
    "app=web",
    "app==web",
    "app!=db",
    "app in (web, db)",
    "tier notin (back)",
    "!old",
    "weight>6",
    "weight<8",
    "other!=x",
    "other notin (x)",
    "empty=",
    "empty in (,a)",
    " app = web , tier = front "
  ]) {
    expect([text, matches(text, labels)]).toEqual([text, true])
  }
  for (const text of [
    "app=db",
    "app!=web",
    "app in (db)",
    "tier notin (front)",
    "!app",
    "old",
    "weight>7",
    "weight<7",
    "app>1",
    "empty=a",
    "constructor"
  ]) {
    expect([text, matches(text, labels)]).toEqual([text, false])
  }
})

test("broken label selectors are refused in upstream's words", () => {
  expect(() => parseLabelSelector("a,")).toThrow("found '', expected: identifier after ','")
  expect(() => parseLabelSelector(",a")).toThrow("found ',', expected: !, identifier, or 'end of string'")
  expect(() => parseLabelSelector("a b")).toThrow(
    "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"
  )
  expect(() => parseLabelSelector("a in b")).toThrow("unable to parse requirement: found 'b', expected: '('")
  expect(() => parseLabelSelector("a in (b")).toThrow("unable to parse requirement: found '', expected: ',' or ')'")
  expect(() => parseLabelSelector("a=b c")).toThrow("found 'c', expected: ',' or 'end of string'")
  expect(() => parseLabelSelector("a constructor b")).toThrow("found 'constructor'")
  expect(() => parseLabelSelector("a/b/c=d")).toThrow("unable to parse requirement: <nil>: Invalid value")
  expect(() => parseLabelSelector("a>x")).toThrow("the value must be an integer")
})

test("printing and parsing label selectors are inverse", () => {
  for (const text of ["a=b", "a!=b", "a in (b,c)", "a notin (b)", "a", "!a", "a>1", "a<1", "a=,b in (,x),c", "x.io/y=z"]) {
    const printed = formatLabelSelector(parseLabelSelector(text))
    expect(printed).toBe(text)
    expect(parseLabelSelector(printed)).toEqual(parseLabelSelector(text))
  }
})

test("the selector of a spec: absent selects nothing, empty everything", () => {
  expect(matchesLabels(labelSelectorFrom(undefined), { a: "b" })).toBe(false)
  expect(matchesLabels(labelSelectorFrom({}), { a: "b" })).toBe(true)
  const selector = labelSelectorFrom({ matchLabels: { a: "b" }, matchExpressions: [{ key: "c", operator: "DoesNotExist" }] })
  expect(matchesLabels(selector, { a: "b" })).toBe(true)
  expect(matchesLabels(selector, { a: "b", c: "" })).toBe(false)
  expect(() => labelSelectorFrom({ matchExpressions: [{ key: "c", operator: "Like" }] })).toThrow(
    '"Like" is not a valid label selector operator'
  )
})

test("field selectors", () => {
  const selector = parseFieldSelector("spec.nodeName=a,status.phase!=Running,,x==y\\,z")
  expect(selector).toEqual([
    { field: "spec.nodeName", operator: "=", value: "a" },
    { field: "status.phase", operator: "!=", value: "Running" },
    { field: "x", operator: "=", value: "y,z" }
  ])
  expect(matchesFields(selector, { "spec.nodeName": "a", x: "y,z" })).toBe(true)
  expect(matchesFields(selector, { "spec.nodeName": "a", x: "y,z", "status.phase": "Running" })).toBe(false)
  expect(parseFieldSelector(formatFieldSelector(selector))).toEqual(selector)
  expect(() => parseFieldSelector("abc")).toThrow("invalid selector: 'abc'; can't understand 'abc'")
})
