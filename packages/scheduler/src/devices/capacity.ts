/** How much of a shared device a request takes (consumable capacity, KEP-5075). @module */
import type { CapacityRequestPolicy, Device, DeviceCapacity } from "@tsukube/api/resource-v1"
import { nanoOf } from "./ledger.ts"

/** What is taken of each capacity of a device, and how much there is of it; billionths. */
export type Share = ReadonlyMap<string, { readonly amount: bigint; readonly total: bigint }>

type Wanted = Readonly<Record<string, number | string>>

/** The amount that the driver's rules make of a wish; undefined when they allow none. */
const allowed = (wanted: bigint, { validRange, validValues }: CapacityRequestPolicy): bigint | undefined => {
  if (validValues !== undefined) {
    const enough = validValues.map(nanoOf).filter((value) => value >= wanted)
    return enough.reduce<bigint | undefined>((least, value) => (least === undefined || value < least ? value : least), undefined)
  }
  if (validRange === undefined) return wanted
  const min = nanoOf(validRange.min)
  let amount = wanted < min ? min : wanted
  if (validRange.step !== undefined) {
    const step = nanoOf(validRange.step)
    if (step > 0n) amount = min + ((amount - min + step - 1n) / step) * step
  }
  return validRange.max !== undefined && amount > nanoOf(validRange.max) ? undefined : amount
}

const amountOf = ({ value, requestPolicy }: DeviceCapacity, wanted: number | string | undefined): bigint | undefined => {
  if (wanted === undefined) return nanoOf(requestPolicy?.default ?? value)
  return requestPolicy === undefined ? nanoOf(wanted) : allowed(nanoOf(wanted), requestPolicy)
}

/** A name is the driver's own with or without its domain. */
const capacityOf = (device: Device, driver: string, name: string): DeviceCapacity | undefined =>
  device.capacity?.[name] ??
  (name.startsWith(`${driver}/`) ? device.capacity?.[name.slice(driver.length + 1)] : device.capacity?.[`${driver}/${name}`])

/** True when the device, taken as a whole, has all that is wanted. */
export const hasCapacity = (device: Device, driver: string, wanted: Wanted): boolean =>
  Object.entries(wanted).every(([name, amount]) => {
    const capacity = capacityOf(device, driver, name)
    return capacity !== undefined && nanoOf(capacity.value) >= nanoOf(amount)
  })

/** What a request takes of each capacity of a shared device, and how much there is; undefined when its rules allow that not at all. */
export const shareOf = (device: Device, driver: string, wanted: Wanted): Share | undefined => {
  const share = new Map<string, { readonly amount: bigint; readonly total: bigint }>()
  const asked = new Map<DeviceCapacity, number | string>()
  for (const [name, amount] of Object.entries(wanted)) {
    const capacity = capacityOf(device, driver, name)
    if (capacity === undefined) return undefined
    asked.set(capacity, amount)
  }
  for (const [name, capacity] of Object.entries(device.capacity ?? {})) {
    const amount = amountOf(capacity, asked.get(capacity))
    if (amount === undefined) return undefined
    share.set(name, { amount, total: nanoOf(capacity.value) })
  }
  return share
}
