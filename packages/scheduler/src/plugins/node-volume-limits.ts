/** A node can attach only so many volumes of a CSI driver. @module */
import type { ClusterObjects } from "../cluster-objects.ts"
import { migratedPlugins, migratedVolume } from "../migrated-volume.ts"
import type { NodeState } from "../node-state.ts"
import { definePlugin, type Plugin, type Refusal } from "../plugin.ts"
import { claimsOf, classOf, volumeOf } from "../pod-claims.ts"
import type { PodInfo } from "../pod-info.ts"
import type { Snapshot } from "../snapshot.ts"

const refusal: Refusal = { reasons: ["node(s) exceed max volume count"], resolvable: true }

interface Attachment {
  readonly driver: string
  /** The volume, or the claim for one that is still to be made. */
  readonly id: string
  /** A built-in driver that the node must have handed over for the volume to count. */
  readonly plugin?: string
}

const attachmentsOf = (pod: PodInfo, objects: ClusterObjects): ReadonlyArray<Attachment> => [
  ...(pod.pod.spec?.volumes ?? []).flatMap((volume) => migratedVolume(volume) ?? []),
  ...claimedBy(pod, objects)
]

const claimedBy = (pod: PodInfo, objects: ClusterObjects): ReadonlyArray<Attachment> =>
  claimsOf(pod).flatMap(({ key }) => {
    const spec = volumeOf(key, objects)?.spec
    if (spec?.csi !== undefined) return [{ driver: spec.csi.driver, id: spec.csi.volumeHandle }]
    const migrated = migratedVolume(spec)
    if (migrated !== undefined) return [migrated]
    const claim = objects.claims.get(key)
    if (claim === undefined || claim.spec?.volumeName) return []
    const driver = objects.storageClasses.get(classOf(claim))?.provisioner
    return driver === undefined ? [] : [{ driver, id: key }]
  })

type Attached = ReadonlyMap<string, ReadonlyArray<Attachment>>

const attachedVolumes = new WeakMap<ClusterObjects, { readonly version: string; readonly byNode: Attached }>()
const noAttachments: ReadonlyArray<Attachment> = []

/** What the cluster says is attached to nodes, also where the pod that used it is gone. */
const attachedIn = (objects: ClusterObjects): Attached => {
  const version = `${objects.volumeAttachments.version} ${objects.volumes.version}`
  let known = attachedVolumes.get(objects)
  if (known?.version !== version) {
    const all = [...objects.volumeAttachments.values()].flatMap(({ spec: { nodeName: on, attacher, source } }) => {
      const spec = objects.volumes.get(source.persistentVolumeName ?? "")?.spec
      const id = spec?.csi?.volumeHandle ?? migratedVolume(spec)?.id
      return id === undefined ? [] : [{ on, driver: attacher, id }]
    })
    known = { version, byNode: Map.groupBy(all, ({ on }) => on) }
    attachedVolumes.set(objects, known)
  }
  return known.byNode
}

const limitsOf = (node: NodeState, objects: ClusterObjects): ReadonlyMap<string, number> => {
  const drivers = objects.csiNodes.get(node.name)?.spec?.drivers ?? []
  return new Map(
    drivers.flatMap(({ name, allocatable }) => (allocatable?.count === undefined ? [] : [[name, allocatable.count]]))
  )
}

interface State {
  readonly wanted: ReadonlyArray<Attachment>
  readonly objects: ClusterObjects
  readonly attached: Attached
  readonly rows: Snapshot["rows"]
  /** The lowest limit of any wanted driver, by node. */
  readonly least: Int32Array
}

/** Limits by node, made anew when a CSINode or a node comes or goes. */
interface Limits {
  readonly version: string
  /** Undefined where no node limits the driver. */
  readonly byDriver: Map<string, Int32Array | undefined>
}

const unlimited = 0x7fffffff

const known = new WeakMap<Snapshot, Limits>()

const leastLimits = (driver: string, snapshot: Snapshot): Int32Array | undefined => {
  const version = `${snapshot.objects.csiNodes.version} ${snapshot.topology.shape}`
  let limits = known.get(snapshot)
  if (limits?.version !== version) {
    limits = { version, byDriver: new Map() }
    known.set(snapshot, limits)
  }
  if (!limits.byDriver.has(driver)) {
    const column = Int32Array.from(snapshot.rows, (node) =>
      node === undefined ? unlimited : (limitsOf(node, snapshot.objects).get(driver) ?? unlimited)
    )
    limits.byDriver.set(driver, column.every((limit) => limit === unlimited) ? undefined : column)
  }
  return limits.byDriver.get(driver)
}

const leastOf = (wanted: ReadonlyArray<Attachment>, snapshot: Snapshot): Int32Array | undefined => {
  const columns = [...new Set(wanted.map(({ driver }) => driver))].flatMap((driver) => leastLimits(driver, snapshot) ?? [])
  const [first] = columns
  if (columns.length <= 1) return first
  return Int32Array.from(snapshot.rows, (_, index) => Math.min(...columns.map((column) => column[index]!)))
}

const filterNode = (node: NodeState, { wanted, objects, attached: known }: State): Refusal | undefined => {
  const limits = limitsOf(node, objects)
  if (limits.size === 0) return undefined
  const attached = new Map<string, Set<string>>()
  const handedOver = migratedPlugins(objects.csiNodes.get(node.name))
  const attach = ({ driver, id, plugin }: Attachment): void => {
    if (!limits.has(driver) || (plugin !== undefined && !handedOver.has(plugin))) return
    const ids = attached.get(driver) ?? new Set<string>()
    attached.set(driver, ids.add(id))
  }
  for (const other of node.pods.values()) for (const each of attachmentsOf(other, objects)) attach(each)
  for (const each of known.get(node.name) ?? noAttachments) attach(each)
  const before = new Map([...attached].map(([driver, ids]) => [driver, ids.size]))
  for (const each of wanted) attach(each)
  for (const [driver, ids] of attached) {
    if (ids.size > (before.get(driver) ?? 0) && ids.size > limits.get(driver)!) return refusal
  }
  return undefined
}

/** Upstream's NodeVolumeLimits. */
export const nodeVolumeLimits: Plugin = definePlugin<State, undefined>({
  name: "NodeVolumeLimits",
  events: ["CsiNodeChanged", "PodRemoved", "ClaimChanged", "VolumeChanged", "VolumeAttachmentChanged", "NodeAdded"],
  preFilter: (pod, snapshot) => {
    const { objects, rows } = snapshot
    const wanted = attachmentsOf(pod, objects)
    const least = wanted.length === 0 ? undefined : leastOf(wanted, snapshot)
    return least === undefined ? { skip: true } : { state: { wanted, objects, attached: attachedIn(objects), rows, least } }
  },
  addPod: () => {},
  removePod: () => {},
  filter: (_, node, state) => filterNode(node, state),
  filterMany: (_, candidates, state) => {
    const { indices } = candidates
    const { rows, least, wanted, attached } = state
    let kept = 0
    for (let place = 0; place < candidates.size; place++) {
      const index = indices[place]!
      const node = rows[index]!
      // Most nodes are far from their limit, whatever their volumes are.
      const most = node.volumeCount + wanted.length + (attached.get(node.name) ?? noAttachments).length
      if (most <= least[index]! || filterNode(node, state) === undefined) indices[kept++] = index
    }
    candidates.size = kept
  }
})
