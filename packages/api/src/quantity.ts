/**
 * Amounts of cpu, memory and the like: `100m`, `1.5`, `2Gi`, `1e3`.
 * Specified in https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 * @module
 */
import { ParseError } from "./parse-error.ts"
import type { Quantity } from "./types/meta-v1.ts"

/** How an amount was written, which decides how it is printed. */
export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent"

/** A parsed quantity: exact to one billionth, finer fractions are rounded away from zero as upstream does. */
export interface Amount {
  readonly nano: bigint
  readonly format: QuantityFormat
}

const nanoPerUnit = 1_000_000_000n
const nanoPerMilli = 1_000_000n
/** The largest amount there is: upstream caps at what an int64 holds. */
const maxNano = (2n ** 63n - 1n) * nanoPerUnit
const pattern = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/
const decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"]
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
const maxExponent = 400

/** The same few amounts are read again and again: how many are remembered, and how long they may be. */
const rememberedLimit = 4096
const rememberedLength = 16

const remembered = new Map<string, Amount>()

/** Reads a quantity; throws `ParseError` with upstream's words. */
export const parseQuantity = (text: string): Amount => {
  const known = remembered.get(text)
  if (known !== undefined) return known
  const amount = read(text)
  if (text.length > rememberedLength) return amount
  if (remembered.size === rememberedLimit) remembered.clear()
  remembered.set(text, amount)
  return amount
}

const read = (text: string): Amount => {
  const match = pattern.exec(text)
  const [, sign, whole = "", fraction = "", suffix = ""] = match ?? []
  if (whole === "" && fraction === "") {
    throw new ParseError({
      message: "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    })
  }
  const scale = scaleOf(suffix)
  if (scale === undefined) throw new ParseError({ message: "unable to parse quantity's suffix" })
  const digits = BigInt(whole + fraction)
  const numerator = digits * scale.numerator * nanoPerUnit
  const denominator = 10n ** BigInt(fraction.length) * scale.denominator
  const rounded = (numerator + denominator - 1n) / denominator
  const nano = rounded > maxNano ? maxNano : rounded
  // Upstream prints binary amounts below one in decimal: 0.5Ki is 512, but 0.0001Ki has no binary form.
  const format = scale.format === "BinarySI" && nano > 0n && nano < nanoPerUnit ? "DecimalSI" : scale.format
  return { nano: sign === "-" ? -nano : nano, format }
}

interface Scale {
  readonly numerator: bigint
  readonly denominator: bigint
  readonly format: QuantityFormat
}

const scaleOf = (suffix: string): Scale | undefined => {
  const decimal = decimalSuffixes.indexOf(suffix)
  if (decimal >= 0) return powerOfTen((decimal - 3) * 3, "DecimalSI")
  const binary = binarySuffixes.indexOf(suffix)
  if (binary > 0) return { numerator: 1024n ** BigInt(binary), denominator: 1n, format: "BinarySI" }
  const exponent = /^[eE]([-+]?[0-9]+)$/.exec(suffix)?.[1]
  if (exponent === undefined) return undefined
  // Beyond this every amount is the cap or the smallest step; an unbounded power would be a way to stall the server.
  return powerOfTen(Math.max(-maxExponent, Math.min(maxExponent, Number(exponent))), "DecimalExponent")
}

const powerOfTen = (exponent: number, format: QuantityFormat): Scale =>
  exponent >= 0
    ? { numerator: 10n ** BigInt(exponent), denominator: 1n, format }
    : { numerator: 1n, denominator: 10n ** BigInt(-exponent), format }

/** Prints an amount in canonical form: no fraction, and the largest suffix that allows it. */
export const formatQuantity = ({ nano, format }: Amount): string => {
  if (nano === 0n) return "0"
  const limit = 1024n * nanoPerUnit
  if (format === "BinarySI" && (nano >= limit || nano <= -limit)) {
    let value = ceilDivide(nano, nanoPerUnit)
    let power = 0
    while (power < binarySuffixes.length - 1 && value % 1024n === 0n) {
      value /= 1024n
      power++
    }
    return `${value}${binarySuffixes[power]}`
  }
  let value = nano
  let power = 0
  while (value % 1000n === 0n && (format === "DecimalExponent" || power < decimalSuffixes.length - 1)) {
    value /= 1000n
    power++
  }
  if (format !== "DecimalExponent") return `${value}${decimalSuffixes[power]}`
  return power === 3 ? `${value}` : `${value}e${(power - 3) * 3}`
}

/** The canonical text of a quantity: `1000m` → `1`, `0.5` → `500m`, `1024Mi` → `1Gi`. */
export const canonicalQuantity = (text: string): Quantity => (canonical.test(text) ? text : formatQuantity(parseQuantity(text)))

/** Nearly all quantities look like this, and are canonical as they stand. */
const canonical = /^[1-9]\d{0,2}([numkMGTPE]|[KMGTPE]i)?$/

const amountOf = (quantity: Quantity | Amount): Amount => (typeof quantity === "string" ? parseQuantity(quantity) : quantity)

/** Negative, zero or positive, as `Array.sort` wants it. */
export const compareQuantity = (a: Quantity | Amount, b: Quantity | Amount): number => {
  if (a === b) return 0
  const difference = amountOf(a).nano - amountOf(b).nano
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** The sum, in the format of the first unless that is zero. */
export const addQuantity = (a: Quantity | Amount, b: Quantity | Amount): Amount => {
  const left = amountOf(a)
  const right = amountOf(b)
  return { nano: left.nano + right.nano, format: left.nano === 0n ? right.format : left.format }
}

/** The difference, in the format of the first unless that is zero. */
export const subtractQuantity = (a: Quantity | Amount, b: Quantity | Amount): Amount => {
  const right = amountOf(b)
  return addQuantity(a, { nano: -right.nano, format: right.format })
}

/** Thousandths, rounded up: `0.5` → 500. */
export const quantityMilli = (quantity: Quantity | Amount): number => Number(ceilDivide(amountOf(quantity).nano, nanoPerMilli))

/** Whole units, rounded up: `1500m` → 2, `1Ki` → 1024. */
export const quantityValue = (quantity: Quantity | Amount): number => Number(ceilDivide(amountOf(quantity).nano, nanoPerUnit))

/** Rounds away from zero, as upstream scales. */
const ceilDivide = (value: bigint, divisor: bigint): bigint => {
  const quotient = value / divisor
  if (value % divisor === 0n) return quotient
  return value < 0n ? quotient - 1n : quotient + 1n
}
