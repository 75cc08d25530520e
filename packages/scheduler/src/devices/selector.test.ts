/** What selectors of devices mean, good and bad. @module */
import { describe, expect, test } from "bun:test"
import type { Device } from "@tsukube/api/resource-v1"
import { selectorOf } from "./selector.ts"

const device: Device = {
  name: "gpu-0",
  attributes: {
    model: { string: "large" },
    cores: { int: 8 },
    ecc: { bool: true },
    firmware: { version: "1.10.0" },
    "other.example.com/model": { string: "small" }
  },
  capacity: { memory: { value: "16Gi" } }
}
const own = 'device.attributes["gpu.example.com"]'
const memory = 'device.capacity["gpu.example.com"].memory'

const answers: ReadonlyArray<readonly [expression: string, answer: boolean]> = [
  ['device.driver == "gpu.example.com"', true],
  ['device.driver == "other"', false],
  [`${own}.model == "large"`, true],
  [`${own}["model"] == "large"`, true],
  ['device.attributes["other.example.com"].model == "small"', true],
  [`${own}.cores > 4 && ${own}.cores <= 8`, true],
  [`${own}.ecc`, true],
  [`!${own}.ecc || ${own}.model.startsWith("sm")`, false],
  [`${own}.model in ["large", "huge"]`, true],
  [`${memory}.compareTo(quantity("16Gi")) == 0`, true],
  [`${memory}.isGreaterThan(quantity("20Gi"))`, false],
  [`${memory}.sub(quantity("8Gi")) == quantity("8192Mi")`, true],
  [`${own}.firmware.isGreaterThan(semver("1.9.3"))`, true],
  [`${own}.firmware.compareTo(semver("1.10.0-rc.1")) > 0`, true],
  [`${own}.firmware.minor() == 10`, true],
  ['semver("v1.2", true) == semver("1.2.0")', true],
  [`"model" in ${own}`, true],
  [`"colour" in ${own}`, false],
  [`has(${own}.model)`, true],
  [`has(${own}.colour)`, false],
  ['has(device.attributes["nobody.example.com"].model)', false],
  ['"has(x)" == "has(x)"', true],
  [`cel.bind(mine, ${own}, mine.model == "large" && has(mine.cores))`, true],
  [`${own}.exists(name, name == "ecc")`, true],
  ["device.allowMultipleAllocations", false]
]

const refused: ReadonlyArray<readonly [expression: string, message: string]> = [
  ["device.driver ==", "CEL compile error: Unexpected token"],
  ["device.colour == 1", "CEL compile error: No such key: colour"],
  ["gpu.model", "CEL compile error: Unknown variable: gpu"],
  ["device.driver", "CEL compile error: must evaluate to bool or the unknown type, not string"],
  [`${own}.colour == "red"`, "CEL runtime error: No such key: colour"],
  [`${own}.model`, "CEL runtime error: the expression did not evaluate to bool"],
  [`${own}.model > 3`, "CEL runtime error"],
  ['semver("one") == semver("1.0.0")', "CEL runtime error"]
]

describe("a selector of devices", () => {
  for (const [expression, answer] of answers)
    test(`${expression} is ${answer}`, () => expect(selectorOf(expression)(device, "gpu.example.com")).toBe(answer))
  for (const [expression, message] of refused)
    test(`${expression} is refused`, () => expect(() => selectorOf(expression)(device, "gpu.example.com")).toThrow(message))
})
