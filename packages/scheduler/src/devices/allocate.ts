/** Finds devices for the claims of a pod on one node: request by request, and back where a choice leads nowhere. @module */
import type { DeviceTaint, ResourceClaim } from "@tsukube/api/resource-v1"
import { book } from "./booking.ts"
import type { Share } from "./capacity.ts"
import { ConstraintState } from "./constraint.ts"
import { Ledger } from "./ledger.ts"
import type { PooledDevice } from "./pool.ts"
import type { Choice, Request } from "./request.ts"

/** A claim without devices. */
export interface OpenClaim {
  /** `namespace/name`. */
  readonly key: string
  readonly claim: ResourceClaim
  readonly requests: ReadonlyArray<Request>
}

/** A device for a request. */
export interface Picked {
  readonly choice: Choice
  readonly found: PooledDevice
  /** What is taken of each capacity of a device that others may share. */
  readonly share?: Share
}

/** The devices of a claim. */
export interface Assignment extends OpenClaim {
  readonly picked: ReadonlyArray<Picked>
}

/** An allocation lists no more devices than this. */
const deviceLimit = 32
/** Looks at devices before a node is given up: a claim may be made so that trying everything takes for ever. */
const stepLimit = 100_000

const tolerates = ({ tolerations }: Choice, taint: DeviceTaint): boolean =>
  tolerations.some(
    ({ key, operator, value, effect }) =>
      (!effect || effect === taint.effect) &&
      (!key || key === taint.key) &&
      (operator === "Exists" || (value ?? "") === (taint.value ?? ""))
  )

interface Slot {
  readonly request: Request
  readonly constraints: ReadonlyArray<ConstraintState>
  /** Devices of the slot's claim. */
  readonly picked: Array<Picked>
}

class Search {
  readonly #devices: ReadonlyArray<PooledDevice>
  readonly #ledger: Ledger
  readonly #slots: ReadonlyArray<Slot>
  #steps = 0

  constructor(devices: ReadonlyArray<PooledDevice>, below: Ledger, slots: ReadonlyArray<Slot>) {
    this.#devices = devices
    this.#ledger = new Ledger(below)
    this.#slots = slots
  }

  /** Fills the slots from this one on. */
  run(place = 0): boolean {
    const slot = this.#slots[place]
    if (slot === undefined) return true
    return slot.request.choices.some((choice) =>
      choice.count === "all" ? this.#fillAll(place, slot, choice) : this.#fill(place, slot, choice, choice.count, 0)
    )
  }

  #fill(place: number, slot: Slot, choice: Choice, missing: number, from: number): boolean {
    if (missing === 0) return this.run(place + 1)
    for (let index = from; index < this.#devices.length; index++) {
      if (++this.#steps > stepLimit) return false
      const found = this.#devices[index]!
      if (!found.pool.isUsable || !choice.matches(found.device, found.pool.driver)) continue
      const undo = this.#take(slot, choice, found)
      if (undo === undefined) continue
      // A shared device may do for the next one, too.
      const next = found.device.allowMultipleAllocations === true ? index : index + 1
      if (this.#fill(place, slot, choice, missing - 1, next)) return true
      undo()
    }
    return false
  }

  #fillAll(place: number, slot: Slot, choice: Choice): boolean {
    // Of a pool that is not known as a whole nobody can say what all of its devices are.
    if (this.#devices.some(({ pool }) => !pool.isUsable)) return false
    const wanted = this.#devices.filter(({ device, pool }) => choice.matches(device, pool.driver))
    const undos: Array<() => void> = []
    for (const found of wanted) {
      const undo = this.#take(slot, choice, found)
      if (undo === undefined) break
      undos.push(undo)
    }
    if (wanted.length > 0 && undos.length === wanted.length && this.run(place + 1)) return true
    for (const undo of undos.reverse()) undo()
    return false
  }

  /** Takes the device for the slot and returns how to give it back; undefined when it cannot be taken. */
  #take(slot: Slot, choice: Choice, found: PooledDevice): (() => void) | undefined {
    const { device, pool } = found
    if (slot.picked.length >= deviceLimit) return undefined
    if (device.taints?.some((taint) => taint.effect !== "None" && !tolerates(choice, taint)) === true) return undefined
    const booked = book(this.#ledger, choice, found)
    if (booked === undefined) return undefined
    const held: Array<ConstraintState> = []
    const release = (): void => {
      for (const constraint of held) constraint.removeLast()
      booked.undo()
    }
    for (const constraint of slot.constraints) {
      if (!constraint.concerns(choice)) continue
      if (!constraint.add(device, pool.driver)) {
        release()
        return undefined
      }
      held.push(constraint)
    }
    slot.picked.push({ choice, found, ...(booked.share === undefined ? {} : { share: booked.share }) })
    return () => {
      slot.picked.pop()
      release()
    }
  }
}

/** Devices for all the claims out of those that a node reaches; undefined when there are not enough. */
export const allocate = (
  claims: ReadonlyArray<OpenClaim>,
  devices: ReadonlyArray<PooledDevice>,
  ledger: Ledger
): ReadonlyArray<Assignment> | undefined => {
  const assignments = claims.map((open) => ({ ...open, picked: [] as Picked[] }))
  const slots = assignments.flatMap(({ claim, requests, picked }): ReadonlyArray<Slot> => {
    const constraints = (claim.spec.devices?.constraints ?? []).map((constraint) => new ConstraintState(constraint))
    return requests.map((request) => ({ request, constraints, picked }))
  })
  return new Search(devices, ledger, slots).run() ? assignments : undefined
}
