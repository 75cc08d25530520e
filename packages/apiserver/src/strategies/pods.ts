/** Pods begin pending, keep their class, and get time to end. @module */

import { qosClassOf } from "@tsukube/api"
import type { Pod, PodStatus } from "@tsukube/api/core-v1"
import { timestamp } from "../serving.ts"
import { withLabelKeys } from "./label-keys.ts"
import type { Strategy } from "./strategy.ts"

/** Both forms of a pod's and its host's address are written, whichever a kubelet gives. */
const withAddresses = (status: PodStatus): PodStatus => ({
  ...status,
  ...(status.podIP !== undefined && status.podIPs === undefined ? { podIPs: [{ ip: status.podIP }] } : {}),
  ...(status.podIP === undefined && status.podIPs?.[0] !== undefined ? { podIP: status.podIPs[0].ip } : {}),
  ...(status.hostIP !== undefined && status.hostIPs === undefined ? { hostIPs: [{ ip: status.hostIP }] } : {})
})

export const pods: Strategy<Pod> = {
  generation: true,
  returnsDeleted: true,
  create: (pod, { now }) => {
    const gated = (pod.spec?.schedulingGates?.length ?? 0) > 0
    const condition = {
      type: "PodScheduled",
      status: "False",
      reason: "SchedulingGated",
      message: "Scheduling is blocked due to non-empty scheduling gates",
      lastTransitionTime: timestamp(now)
    }
    const status: PodStatus = { phase: "Pending", ...(gated ? { conditions: [condition] } : {}), qosClass: qosClassOf(pod) }
    return { ...withLabelKeys(pod), status }
  },
  updateStatus: (pod, old) => {
    const qosClass = pod.status?.qosClass || old.status?.qosClass
    return { ...pod, status: { ...withAddresses(pod.status ?? {}), ...(qosClass === undefined ? {} : { qosClass }) } }
  },
  graceSeconds: (pod, requested) => {
    const { nodeName = "", terminationGracePeriodSeconds = 30 } = pod.spec ?? {}
    // Nobody runs it yet, or it has ended: there is nobody to wait for.
    if (nodeName === "" || pod.status?.phase === "Failed" || pod.status?.phase === "Succeeded") return 0
    const seconds = requested ?? terminationGracePeriodSeconds
    return seconds < 0 ? 1 : seconds
  }
}
