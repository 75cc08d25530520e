/** Disks that only one pod can mount, and claims that only one pod may use (ReadWriteOncePod, KEP-2485). @module */
import type { Pod, Volume } from "@tsukube/api/core-v1"
import { definePlugin, type Plugin, type Refusal } from "../plugin.ts"
import { claimsOf, hasClaims } from "../pod-claims.ts"
import type { PodInfo } from "../pod-info.ts"
import type { Snapshot } from "../snapshot.ts"

const diskRefusal: Refusal = { reasons: ["node(s) had no available disk"], resolvable: true }
const claimRefusal: Refusal = {
  reasons: ["node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"],
  resolvable: true
}

/** The disk behind a volume, and whether others may read it at the same time. */
interface Disk {
  readonly ids: ReadonlyArray<string>
  readonly isShared: boolean
}

const diskOf = ({ gcePersistentDisk, awsElasticBlockStore, rbd, iscsi }: Volume): Disk | undefined => {
  if (gcePersistentDisk !== undefined)
    return { ids: [`gce ${gcePersistentDisk.pdName}`], isShared: gcePersistentDisk.readOnly === true }
  if (awsElasticBlockStore !== undefined) return { ids: [`aws ${awsElasticBlockStore.volumeID}`], isShared: false }
  if (iscsi !== undefined) return { ids: [`iscsi ${iscsi.iqn}`], isShared: iscsi.readOnly === true }
  if (rbd === undefined) return undefined
  const ids = rbd.monitors.map((monitor) => `rbd ${monitor} ${rbd.pool ?? "rbd"} ${rbd.image}`)
  return { ids, isShared: rbd.readOnly === true }
}

const disksOf = ({ spec }: Pod): ReadonlyArray<Disk> => (spec?.volumes ?? []).flatMap((volume) => diskOf(volume) ?? [])

const conflicts = (left: Disk, right: Disk): boolean =>
  !(left.isShared && right.isShared) && left.ids.some((id) => right.ids.includes(id))

const exclusiveClaims = (pod: PodInfo, { objects }: Snapshot): ReadonlyArray<string> =>
  claimsOf(pod)
    .map(({ key }) => key)
    .filter((key) => objects.claims.get(key)?.spec?.accessModes?.includes("ReadWriteOncePod") === true)

const isInUse = (keys: ReadonlyArray<string>, snapshot: Snapshot): boolean => {
  for (const node of snapshot.nodes.values()) {
    for (const other of node.pods.values())
      if (hasClaims(other.pod) && claimsOf(other).some(({ key }) => keys.includes(key))) return true
  }
  return false
}

interface State {
  readonly disks: ReadonlyArray<Disk>
  readonly isClaimInUse: boolean
}

/** Upstream's VolumeRestrictions. */
export const volumeRestrictions: Plugin = definePlugin<State, undefined>({
  name: "VolumeRestrictions",
  events: ["PodRemoved", "NodeAdded", "ClaimChanged"],
  preFilter: (pod, snapshot) => {
    if ((pod.pod.spec?.volumes ?? []).length === 0) return { skip: true }
    const disks = disksOf(pod.pod)
    const exclusive = exclusiveClaims(pod, snapshot)
    if (disks.length === 0 && exclusive.length === 0) return { skip: true }
    return { state: { disks, isClaimInUse: exclusive.length > 0 && isInUse(exclusive, snapshot) } }
  },
  filter: (_, node, { disks, isClaimInUse }) => {
    if (disks.length > 0) {
      for (const other of node.pods.values()) {
        for (const held of disksOf(other.pod)) if (disks.some((disk) => conflicts(disk, held))) return diskRefusal
      }
    }
    return isClaimInUse ? claimRefusal : undefined
  }
})
