import { expect, test } from "bun:test"
import {
  addQuantity,
  canonicalQuantity,
  compareQuantity,
  formatQuantity,
  parseQuantity,
  quantityMilli,
  quantityValue
} from "./quantity.ts"

test("quantities print in canonical form", () => {
  const cases: ReadonlyArray<readonly [string, string]> = [
    ["0", "0"],
    ["0Mi", "0"],
    ["1000m", "1"],
    ["0.5", "500m"],
    ["1.5", "1500m"],
    [".5", "500m"],
    ["1.", "1"],
    ["+7", "7"],
    ["-1.5", "-1500m"],
    ["1024Mi", "1Gi"],
    ["1.5Gi", "1536Mi"],
    ["1023Ki", "1023Ki"],
    ["0.5Ki", "512"],
    ["1000", "1k"],
    ["12345", "12345"],
    ["1e3", "1e3"],
    ["1E3", "1e3"],
    ["100e-3", "100e-3"],
    ["5E", "5E"],
    ["0.0000000001", "1n"],
    ["100u", "100u"],
    ["1Ei", "1Ei"],
    ["9999999999999999999999", "9223372036854775807"]
  ]
  for (const [text, canonical] of cases) expect([text, canonicalQuantity(text)]).toEqual([text, canonical])
})

test("what is not a quantity is refused in upstream's words", () => {
  for (const text of ["", "abc", "1 Gi", "--1", "1.2.3", "$1", "Gi x"])
    expect(() => parseQuantity(text)).toThrow("quantities must match the regular expression")
  for (const text of ["1gi", "1KI", "1ii", "1e", "1Kim"]) expect(() => parseQuantity(text)).toThrow()
  expect(() => parseQuantity("1iK")).toThrow("unable to parse quantity's suffix")
})

test("a huge exponent costs nothing and is capped", () => {
  expect(canonicalQuantity("1e999999999")).toBe("9223372036854775807")
  expect(canonicalQuantity("1e-999999999")).toBe("1e-9")
})

test("printing and parsing are inverse", () => {
  for (const format of ["DecimalSI", "BinarySI", "DecimalExponent"] as const) {
    for (let i = 0n; i < 400n; i++) {
      const units = (i * i * 7919n + i) % 5_000_000n
      const nano = format === "BinarySI" ? units * 1_000_000_000n : units ** 2n
      const text = formatQuantity({ nano, format })
      expect(parseQuantity(text).nano).toBe(nano)
      // A binary amount that no power of 1024 divides loses its suffix, and so is read as decimal: 982000 prints as 982k next time.
      const canonical = canonicalQuantity(text)
      if (format !== "BinarySI") expect(canonical).toBe(text)
      expect(canonicalQuantity(canonical)).toBe(canonical)
    }
  }
})

test("arithmetic is exact", () => {
  expect(formatQuantity(addQuantity("100m", "0.9"))).toBe("1")
  expect(formatQuantity(addQuantity("0", "1Gi"))).toBe("1Gi")
  expect(compareQuantity("1000m", "1")).toBe(0)
  expect(compareQuantity("1Gi", "1G")).toBe(1)
  expect([quantityMilli("0.0001"), quantityMilli("2")]).toEqual([1, 2000])
  expect([quantityValue("1500m"), quantityValue("1Ki"), quantityValue("-1500m")]).toEqual([2, 1024, -2])
})
