import { expect, test } from "bun:test"
import { bits, element, identifier, integer, octets, read, sequence, time, utf8 } from "./der.ts"

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

test("elements are written as X.690 has them", () => {
  expect(hex(identifier("1.2.840.10045.4.3.2"))).toBe("06082a8648ce3d040302")
  expect(hex(identifier("2.5.29.15"))).toBe("0603551d0f")
  expect(hex(integer(Buffer.from([0x80])))).toBe("02020080")
  expect(hex(integer(Buffer.from([0x7f])))).toBe("02017f")
  expect(hex(bits(Buffer.from([0x86]), 1))).toBe("03020186")
  expect(time(new Date("2049-12-31T23:59:59.9Z")).toString("latin1", 2)).toBe("491231235959Z")
  expect(time(new Date("2050-01-01T00:00:00Z")).toString("latin1", 2)).toBe("20500101000000Z")
})

test("what is written is read back, however long it is", () => {
  for (const length of [0, 1, 127, 128, 255, 256, 65_000]) {
    const [whole] = read(sequence(octets(Buffer.alloc(length, 7)), utf8("ü")))
    const [first, second] = read(whole!.content)
    expect(first).toMatchObject({ tag: 0x04, content: Buffer.alloc(length, 7) })
    expect(second!.content.toString()).toBe("ü")
  }
  expect(() => element(0x04, Buffer.alloc(65_536))).toThrow(RangeError)
})

test("bytes that are no elements are refused", () => {
  for (const text of ["30", "3005", "308001", "30840000", "3082ffff00"])
    expect(() => read(Buffer.from(text, "hex"))).toThrow("not DER")
})
