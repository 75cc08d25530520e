/** Semantic versions in CEL, with the functions that Kubernetes gives them. @module */
import type { Environment } from "@marcbachmann/cel-js"

const syntax = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?$/

/** A version of three numbers, perhaps with a pre-release. */
export class Version {
  readonly numbers: ReadonlyArray<number>
  readonly preRelease: ReadonlyArray<string>

  constructor(text: string) {
    const match = syntax.exec(text)
    if (match === null) throw new Error(`${JSON.stringify(text)} is no semantic version`)
    this.numbers = match.slice(1, 4).map(Number)
    this.preRelease = match[4]?.split(".") ?? []
  }
}

const compareParts = (left: string, right: string): number => {
  const [a, b] = [left, right].map((part) => (/^\d+$/.test(part) ? Number(part) : undefined))
  if (a !== undefined && b !== undefined) return a - b
  // Numbers come before words.
  if (a !== undefined || b !== undefined) return a === undefined ? 1 : -1
  return left < right ? -1 : left > right ? 1 : 0
}

const order = (left: Version, right: Version): number => {
  for (const [index, number] of left.numbers.entries()) {
    const difference = number - right.numbers[index]!
    if (difference !== 0) return Math.sign(difference)
  }
  const [a, b] = [left.preRelease, right.preRelease]
  // A release comes after its pre-releases.
  if (a.length === 0 || b.length === 0) return Math.sign(b.length - a.length)
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const difference = compareParts(a[index]!, b[index]!)
    if (difference !== 0) return Math.sign(difference)
  }
  return Math.sign(a.length - b.length)
}

/** `v1.2` as `1.2.0`, where a version may be written loosely. */
const normalized = (text: string): string => {
  const [core = "", ...rest] = text.replace(/^v/, "").split(/(?=[-+])/)
  const numbers = core.split(".").map((part) => part.replace(/^0+(?=\d)/, ""))
  while (numbers.length < 3) numbers.push("0")
  return numbers.join(".") + rest.join("")
}

/** Teaches an environment the type `Semver`. */
export const registerVersions = (environment: Environment): Environment =>
  environment
    .registerType("Semver", { ctor: Version, fields: {} })
    .registerFunction("semver(string): Semver", (text: string) => new Version(text))
    .registerFunction(
      "semver(string, bool): Semver",
      (text: string, isLoose: boolean) => new Version(isLoose ? normalized(text) : text)
    )
    .registerFunction("isSemver(string): bool", (text: string) => syntax.test(text))
    .registerFunction("isSemver(string, bool): bool", (text: string, isLoose: boolean) =>
      syntax.test(isLoose ? normalized(text) : text)
    )
    .registerFunction("Semver.compareTo(Semver): int", (left: Version, right: Version) => BigInt(order(left, right)))
    .registerFunction("Semver.isGreaterThan(Semver): bool", (left: Version, right: Version) => order(left, right) > 0)
    .registerFunction("Semver.isLessThan(Semver): bool", (left: Version, right: Version) => order(left, right) < 0)
    .registerFunction("Semver.major(): int", ({ numbers }: Version) => BigInt(numbers[0]!))
    .registerFunction("Semver.minor(): int", ({ numbers }: Version) => BigInt(numbers[1]!))
    .registerFunction("Semver.patch(): int", ({ numbers }: Version) => BigInt(numbers[2]!))
    .registerOperator("Semver == Semver", (left: Version, right: Version) => order(left, right) === 0)
