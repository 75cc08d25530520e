/** Quantities in CEL, with the functions that Kubernetes gives them. @module */
import type { Environment } from "@marcbachmann/cel-js"
import { addQuantity, compareQuantity, parseQuantity, subtractQuantity } from "@tsukube/api"

type Parsed = ReturnType<typeof parseQuantity>

/** A quantity as an expression sees it. */
export class Amount {
  readonly parsed: Parsed

  constructor(amount: string | Parsed) {
    this.parsed = typeof amount === "string" ? parseQuantity(amount) : amount
  }
}

const nanoPerUnit = 1_000_000_000n

const isAmount = (text: string): boolean => {
  try {
    parseQuantity(text)
    return true
  } catch {
    return false
  }
}

const wholeOf = ({ parsed: { nano } }: Amount): bigint => {
  if (nano % nanoPerUnit !== 0n) throw new Error("cannot convert value to integer")
  return nano / nanoPerUnit
}

const order = (left: Amount, right: Amount): number => compareQuantity(left.parsed, right.parsed)

/** Teaches an environment the type `Quantity`. */
export const registerAmounts = (environment: Environment): Environment =>
  environment
    .registerType("Quantity", { ctor: Amount, fields: {} })
    .registerFunction("quantity(string): Quantity", (text: string) => new Amount(text))
    .registerFunction("isQuantity(string): bool", isAmount)
    .registerFunction("Quantity.compareTo(Quantity): int", (left: Amount, right: Amount) => BigInt(order(left, right)))
    .registerFunction("Quantity.isGreaterThan(Quantity): bool", (left: Amount, right: Amount) => order(left, right) > 0)
    .registerFunction("Quantity.isLessThan(Quantity): bool", (left: Amount, right: Amount) => order(left, right) < 0)
    .registerFunction("Quantity.sign(): int", (amount: Amount) => BigInt(order(amount, new Amount("0"))))
    .registerFunction("Quantity.isInteger(): bool", ({ parsed: { nano } }: Amount) => nano % nanoPerUnit === 0n)
    .registerFunction("Quantity.asInteger(): int", wholeOf)
    .registerFunction("Quantity.asApproximateFloat(): double", ({ parsed: { nano } }: Amount) => Number(nano) / 1e9)
    .registerFunction(
      "Quantity.add(Quantity): Quantity",
      (left: Amount, right: Amount) => new Amount(addQuantity(left.parsed, right.parsed))
    )
    .registerFunction(
      "Quantity.sub(Quantity): Quantity",
      (left: Amount, right: Amount) => new Amount(subtractQuantity(left.parsed, right.parsed))
    )
    .registerOperator("Quantity == Quantity", (left: Amount, right: Amount) => order(left, right) === 0)
