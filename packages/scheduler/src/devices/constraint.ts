/** Constraints between the devices of a claim: one attribute is the same for all of them, or another for each. @module */
import type { Device, DeviceConstraint } from "@tsukube/api/resource-v1"
import type { Choice } from "./request.ts"

/** The value of an attribute as a text, by its name with the domain; undefined where the device has no such attribute. */
const attributeOf = (device: Device, driver: string, name: string): string | undefined => {
  const own = name.startsWith(`${driver}/`) ? device.attributes?.[name.slice(driver.length + 1)] : undefined
  const found = device.attributes?.[name] ?? own
  if (found === undefined) return undefined
  const { string, int, bool, version } = found
  // The kind is part of it: a text "1" is another value than the number 1.
  return JSON.stringify([string, int, bool, version])
}

/** What the devices chosen so far mean for the next one. */
export class ConstraintState {
  readonly #attribute: string
  readonly #isDistinct: boolean
  readonly #requests: ReadonlyArray<string>
  readonly #values: Array<string> = []

  constructor({ matchAttribute, distinctAttribute, requests = [] }: DeviceConstraint) {
    this.#attribute = matchAttribute ?? distinctAttribute ?? ""
    this.#isDistinct = matchAttribute === undefined
    this.#requests = requests
  }

  /** True when the constraint says something about this choice: it names it, or its request, or nothing. */
  concerns({ name, request }: Choice): boolean {
    return this.#requests.length === 0 || this.#requests.includes(name) || this.#requests.includes(request)
  }

  /** Adds a device; false, and nothing is changed, when it does not go with the others. */
  add(device: Device, driver: string): boolean {
    const value = attributeOf(device, driver, this.#attribute)
    if (value === undefined) return false
    const goes = this.#isDistinct ? !this.#values.includes(value) : this.#values.every((other) => other === value)
    if (goes) this.#values.push(value)
    return goes
  }

  /** Takes the device back that was added last. */
  removeLast(): void {
    this.#values.pop()
  }
}
