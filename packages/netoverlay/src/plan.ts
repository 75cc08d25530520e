/** Decides what the kernel must know to reach other nodes' pods, and the steps from what it knows. @module */

/** A route to another node's pods. */
export interface Route {
  /** The pods' network. */
  readonly destination: string
  readonly via: string
  /** The gateway is reached over this device though no address of ours is near it. */
  readonly onlink: boolean
}

/** The hardware address of a tunnel end. */
export interface Neighbour {
  readonly ip: string
  readonly mac: string
}

/** The underlay address behind a tunnel end's hardware address. */
export interface Forward {
  readonly mac: string
  readonly destination: string
}

/** What the kernel knows, or must know, about one device. */
export interface Reach {
  readonly routes: ReadonlyArray<Route>
  readonly neighbours: ReadonlyArray<Neighbour>
  readonly forwards: ReadonlyArray<Forward>
}

/** The steps from one knowledge to another. */
export interface Plan {
  readonly added: Reach
  readonly removed: Reach
}

/** Knows nobody. */
export const emptyReach: Reach = { routes: [], neighbours: [], forwards: [] }

const keyOf = (entry: object): string => JSON.stringify(Object.entries(entry).toSorted(([a], [b]) => (a < b ? -1 : 1)))

const without = <A extends object>(list: ReadonlyArray<A>, other: ReadonlyArray<A>): ReadonlyArray<A> => {
  const keys = new Set(other.map(keyOf))
  return list.filter((entry) => !keys.has(keyOf(entry)))
}

const subtract = (a: Reach, b: Reach): Reach => ({
  routes: without(a.routes, b.routes),
  neighbours: without(a.neighbours, b.neighbours),
  forwards: without(a.forwards, b.forwards)
})

/** The plan that leads from `current` to `desired`. */
export const planReach = (current: Reach, desired: Reach): Plan => ({
  added: subtract(desired, current),
  removed: subtract(current, desired)
})

/** What is known after a plan. */
export const applyPlan = (current: Reach, { added, removed }: Plan): Reach => {
  const left = subtract(current, removed)
  return {
    routes: [...left.routes, ...added.routes],
    neighbours: [...left.neighbours, ...added.neighbours],
    forwards: [...left.forwards, ...added.forwards]
  }
}

/** Whether a plan has no step. */
export const isEmptyPlan = ({ added, removed }: Plan): boolean =>
  [added, removed].every(({ routes, neighbours, forwards }) => routes.length + neighbours.length + forwards.length === 0)

/** `ip -batch` and `bridge -batch` lines, in the order in which they have to run. */
export interface PlanLines {
  readonly ip: ReadonlyArray<string>
  readonly bridge: ReadonlyArray<string>
  readonly ipAfter: ReadonlyArray<string>
}

/**
 * A plan as text. A route goes away before the neighbour that it needs, and comes after it. Whatever is removed and added under
 * the same name is only replaced, so that traffic never falls into a gap.
 */
export const planLines = ({ added, removed }: Plan, device: string): PlanLines => {
  const keptRoutes = new Set(added.routes.map((route) => route.destination))
  const keptForwards = new Set(added.forwards.map((forward) => forward.mac))
  const keptNeighbours = new Set(added.neighbours.map((neighbour) => neighbour.ip))
  return {
    ip: [
      ...removed.routes
        .filter((route) => !keptRoutes.has(route.destination))
        .map((route) => `route delete ${route.destination} via ${route.via} dev ${device}`),
      ...added.neighbours.map(({ ip, mac }) => `neighbour replace ${ip} lladdr ${mac} dev ${device} nud permanent`)
    ],
    bridge: [
      ...removed.forwards
        .filter(({ mac }) => !keptForwards.has(mac))
        .map(({ mac, destination }) => `fdb delete ${mac} dev ${device} dst ${destination} self`),
      ...added.forwards.map(({ mac, destination }) => `fdb replace ${mac} dev ${device} dst ${destination} self permanent`)
    ],
    ipAfter: [
      ...added.routes.map(
        ({ destination, via, onlink }) => `route replace ${destination} via ${via} dev ${device}${onlink ? " onlink" : ""}`
      ),
      ...removed.neighbours
        .filter((neighbour) => !keptNeighbours.has(neighbour.ip))
        .map(({ ip }) => `neighbour delete ${ip} dev ${device}`)
    ]
  }
}
