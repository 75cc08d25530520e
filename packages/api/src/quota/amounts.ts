/** Amounts by resource name, and the sums that quotas need of them. @module */
import { type Amount, addQuantity, compareQuantity, formatQuantity, subtractQuantity } from "../quantity.ts"

/** Quantities by resource name, as the API writes them. */
export type Amounts = Readonly<Record<string, string>>

const combined = (a: Amounts, b: Amounts, combine: (x: string, y: string) => Amount): Amounts => {
  const result: Record<string, string> = { ...a }
  for (const [name, amount] of Object.entries(b)) result[name] = formatQuantity(combine(a[name] ?? "0", amount))
  return result
}

/** Both together. */
export const addAmounts = (a: Amounts, b: Amounts): Amounts => combined(a, b, addQuantity)

/** What `a` has more than `b`; nothing goes below zero. */
export const exceeding = (a: Amounts, b: Amounts): Amounts =>
  Object.fromEntries(
    Object.entries(combined(a, b, subtractQuantity)).map(([name, amount]) => [
      name,
      compareQuantity(amount, "0") < 0 ? "0" : amount
    ])
  )

/** The greater of each. */
export const greatest = (a: Amounts, b: Amounts): Amounts => {
  const result: Record<string, string> = { ...a }
  for (const [name, amount] of Object.entries(b)) {
    if (result[name] === undefined || compareQuantity(amount, result[name]) > 0) result[name] = amount
  }
  return result
}

/** Only the named ones. */
export const only = (amounts: Amounts, names: Iterable<string>): Amounts =>
  Object.fromEntries([...names].flatMap((name) => (amounts[name] === undefined ? [] : [[name, amounts[name]]])))

/** Without what is zero. */
export const withoutZeros = (amounts: Amounts): Amounts =>
  Object.fromEntries(Object.entries(amounts).filter(([, amount]) => compareQuantity(amount, "0") !== 0))

/** `cpu=1,memory=2Gi` in order of the names, as messages print it. */
export const formatAmounts = (amounts: Amounts): string =>
  Object.keys(amounts)
    .sort()
    .map((name) => `${name}=${amounts[name]}`)
    .join(",")
