/** A node can attach only so many volumes of a CSI driver. @module */
import type { ClusterObjects } from "../cluster-objects.ts"
import { definePlugin, type Plugin, type Refusal } from "../plugin.ts"
import { claimsOf, classOf, volumeOf } from "../pod-claims.ts"
import type { NodeState, PodInfo } from "../snapshot.ts"

const refusal: Refusal = { reasons: ["node(s) exceed max volume count"], resolvable: true }

interface Attachment {
  readonly driver: string
  /** The volume, or the claim for one that is still to be made. */
  readonly id: string
}

const attachmentsOf = (pod: PodInfo, objects: ClusterObjects): ReadonlyArray<Attachment> =>
  claimsOf(pod).flatMap(({ key }) => {
    const csi = volumeOf(key, objects)?.spec?.csi
    if (csi !== undefined) return [{ driver: csi.driver, id: csi.volumeHandle }]
    const claim = objects.claims.get(key)
    if (claim === undefined || claim.spec?.volumeName) return []
    const driver = objects.storageClasses.get(classOf(claim))?.provisioner
    return driver === undefined ? [] : [{ driver, id: key }]
  })

const limitsOf = (node: NodeState, objects: ClusterObjects): ReadonlyMap<string, number> => {
  const drivers = objects.csiNodes.get(node.name)?.spec?.drivers ?? []
  return new Map(
    drivers.flatMap(({ name, allocatable }) => (allocatable?.count === undefined ? [] : [[name, allocatable.count]]))
  )
}

interface State {
  readonly wanted: ReadonlyArray<Attachment>
  readonly objects: ClusterObjects
}

/** Upstream's NodeVolumeLimits. */
export const nodeVolumeLimits: Plugin = definePlugin<State, undefined>({
  name: "NodeVolumeLimits",
  events: ["CsiNodeChanged", "PodRemoved", "ClaimChanged", "VolumeChanged", "NodeAdded"],
  preFilter: (pod, { objects }) => {
    const wanted = attachmentsOf(pod, objects)
    return wanted.length === 0 ? { skip: true } : { state: { wanted, objects } }
  },
  filter: (_, node, { wanted, objects }) => {
    const limits = limitsOf(node, objects)
    if (limits.size === 0) return undefined
    const attached = new Map<string, Set<string>>()
    const attach = ({ driver, id }: Attachment): void => {
      if (!limits.has(driver)) return
      const ids = attached.get(driver) ?? new Set<string>()
      attached.set(driver, ids.add(id))
    }
    for (const other of node.pods.values()) for (const each of attachmentsOf(other, objects)) attach(each)
    const before = new Map([...attached].map(([driver, ids]) => [driver, ids.size]))
    for (const each of wanted) attach(each)
    for (const [driver, ids] of attached) {
      if (ids.size > (before.get(driver) ?? 0) && ids.size > limits.get(driver)!) return refusal
    }
    return undefined
  }
})
