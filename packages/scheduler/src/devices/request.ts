/** What a claim asks for: requests, each with one or several ways to satisfy it (KEP-4816). @module */
import type { Device, DeviceSelector, DeviceToleration, ExactDeviceRequest, ResourceClaim } from "@tsukube/api/resource-v1"
import type { ClusterObjects } from "../cluster-objects.ts"
import { type Selector, selectorOf } from "./selector.ts"

/** One way to satisfy a request. */
export interface Choice {
  /** As allocations name it: `request`, or `request/alternative`. */
  readonly name: string
  readonly request: string
  readonly className: string
  readonly count: number | "all"
  /** Looks at devices that may belong to others, and takes nothing from them (KEP-5018). */
  readonly isAdmin: boolean
  readonly tolerations: ReadonlyArray<DeviceToleration>
  /** Amounts of capacity that are needed, by name. */
  readonly capacity: Readonly<Record<string, number | string>>
  /** Throws where a selector does not make sense of the device. */
  readonly matches: (device: Device, driver: string) => boolean
}

/** The choices of a request, the most wanted first. */
export interface Request {
  readonly choices: ReadonlyArray<Choice>
}

interface Labelled {
  readonly label: string
  readonly selector: Selector
}

const compiled = (selectors: ReadonlyArray<DeviceSelector> | undefined, where: string): ReadonlyArray<Labelled> =>
  (selectors ?? []).flatMap(({ cel }, index) => {
    if (cel === undefined) return []
    const label = `${where}: selector #${index}`
    try {
      return [{ label, selector: selectorOf(cel.expression) }]
    } catch (error) {
      throw new Error(`${label}: ${error instanceof Error ? error.message : String(error)}`)
    }
  })

const matchesAll = (selectors: ReadonlyArray<Labelled>, device: Device, driver: string): boolean =>
  selectors.every(({ label, selector }) => {
    try {
      return selector(device, driver)
    } catch (error) {
      throw new Error(`${label}: ${error instanceof Error ? error.message : String(error)}`)
    }
  })

type Wanted = Pick<
  ExactDeviceRequest,
  "deviceClassName" | "selectors" | "allocationMode" | "count" | "tolerations" | "capacity" | "adminAccess"
>

const choiceOf = (wanted: Wanted, name: string, request: string, { deviceClasses }: ClusterObjects): Choice => {
  const className = wanted.deviceClassName
  const deviceClass = deviceClasses.get(className)
  if (deviceClass === undefined) throw new Error(`request ${name}: device class ${className} does not exist`)
  const selectors = [
    ...compiled(deviceClass.spec.selectors, `class ${className}`),
    ...compiled(wanted.selectors, `request ${name}`)
  ]
  return {
    name,
    request,
    className,
    count: wanted.allocationMode === "All" ? "all" : (wanted.count ?? 1),
    isAdmin: wanted.adminAccess === true,
    tolerations: wanted.tolerations ?? [],
    capacity: wanted.capacity?.requests ?? {},
    matches: (device, driver) => matchesAll(selectors, device, driver)
  }
}

/** The requests of a claim; throws with what is wrong with one. */
export const requestsOf = ({ spec }: ResourceClaim, objects: ClusterObjects): ReadonlyArray<Request> =>
  (spec.devices?.requests ?? []).map(({ name, exactly, firstAvailable }) => {
    const choices =
      exactly === undefined
        ? (firstAvailable ?? []).map((each) => choiceOf(each, `${name}/${each.name}`, name, objects))
        : [choiceOf(exactly, name, name, objects)]
    if (choices.length === 0) throw new Error(`request ${name}: unknown request type`)
    return { choices }
  })
