import { expect, test } from "bun:test"
import * as name from "./name.ts"

test("good names pass", () => {
  for (const text of ["a", "a-b", "1a"]) expect(name.isDns1123Label(text)).toEqual([])
  for (const text of ["a.b", "a-1.b2"]) expect(name.isDns1123Subdomain(text)).toEqual([])
  for (const text of ["a", "a/b", "x.y/B_c.d", "MyName"]) expect(name.isQualifiedName(text)).toEqual([])
  for (const text of ["", "a", "A_b.c"]) expect(name.isLabelValue(text)).toEqual([])
  for (const text of ["http", "a-1"]) expect(name.isPortName(text)).toEqual([])
})

test("bad names are refused in upstream's words", () => {
  expect(name.isDns1123Label("a.b")).toEqual(["must not contain dots"])
  expect(name.isDns1123Label("A")).toEqual([
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
  ])
  expect(name.isDns1123Subdomain("Web")).toEqual([
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
  ])
  expect(name.isDns1123Label("a".repeat(64))).toEqual(["must be no more than 63 bytes"])
  expect(name.isQualifiedName("/a")).toEqual(["prefix part must be non-empty"])
  expect(name.isQualifiedName("a/")[0]).toBe("name part must be non-empty")
  expect(name.isQualifiedName("a/b/c")[0]).toStartWith("a qualified name must consist of")
  expect(name.isPathSegment("a/b")).toEqual(["may not contain '/'"])
  expect(name.isConfigMapKey("..")).toEqual(["must not be '..'"])
})

test("bytes are counted as UTF-8", () => {
  for (const text of ["", "abc", "é", "日本", "😀a"]) expect(name.byteLength(text)).toBe(new TextEncoder().encode(text).length)
})

test("generated names fit and use the alphabet", () => {
  const made = name.generateName("x".repeat(100))
  expect(made).toHaveLength(63)
  expect(made.slice(-5)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{5}$/)
})
