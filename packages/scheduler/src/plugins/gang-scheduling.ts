/** Pods of a gang get their nodes together or not at all (KEP-4671; behind the gate GangScheduling). @module */
import type { Pod } from "@tsukube/api/core-v1"
import type { PodGroup } from "@tsukube/api/scheduling-v1alpha2"
import { definePlugin, type Plugin } from "../plugin.ts"
import { groupKeyOf } from "../pod-groups.ts"
import type { Snapshot } from "../snapshot.ts"

const groupOf = (pod: Pod, { objects }: Snapshot): PodGroup | undefined => objects.podGroups.get(groupKeyOf(pod) ?? "")

/** Upstream's GangScheduling. The basic policy only waits for the group itself. */
export const gangScheduling: Plugin = definePlugin({
  name: "GangScheduling",
  events: ["PodGroupChanged", "UnscheduledPodAdded"],
  hint: (pod, { event, object }) => {
    const key = groupKeyOf(pod)
    if (object === undefined || key === undefined) return true
    if (event === "UnscheduledPodAdded") return groupKeyOf(object as Pod) === key
    const { namespace, name } = (object as PodGroup).metadata ?? {}
    return `${namespace}/${name}` === key
  },
  preEnqueue: (pod, snapshot) => {
    const key = groupKeyOf(pod)
    if (key === undefined) return undefined
    const group = groupOf(pod, snapshot)
    if (group === undefined)
      return `waiting for pods's pod group ${JSON.stringify(pod.spec?.schedulingGroup?.podGroupName)} to appear in scheduling queue`
    const minCount = group.spec.schedulingPolicy.gang?.minCount ?? 0
    if (snapshot.groups.membersOf(key).length >= minCount) return undefined
    return "waiting for minCount pods from a gang to appear in scheduling queue"
  },
  gang: (pod, snapshot) => {
    const key = groupKeyOf(pod)
    const minCount = groupOf(pod, snapshot)?.spec.schedulingPolicy.gang?.minCount
    return key === undefined || minCount === undefined ? undefined : { key, minCount }
  }
})
