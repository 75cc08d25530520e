/** Pods stay five minutes on a node that is not ready or out of reach, unless they say otherwise. @module */
import { onceIfFrozen } from "@tsukube/api"
import type { Pod, PodSpec, Toleration } from "@tsukube/api/core-v1"
import { type AdmissionPlugin, isResource } from "./admission.ts"

const taints = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]
const tolerationSeconds = 300

const tolerates = ({ key = "", effect }: Toleration, taint: string): boolean =>
  (key === taint || key === "") && (effect === undefined || effect === "NoExecute")

const noSpec = {} as PodSpec

/** The very spec when it says enough. */
const withTolerations = onceIfFrozen((spec: PodSpec): PodSpec => {
  const tolerations = spec.tolerations ?? []
  const added = taints
    .filter((taint) => !tolerations.some((toleration) => tolerates(toleration, taint)))
    .map((key): Toleration => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds }))
  return added.length === 0 ? spec : { ...spec, tolerations: [...tolerations, ...added] }
})

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: "DefaultTolerationSeconds",
  mutate: (_serving, request) => {
    const { object, subresource } = request
    if (subresource !== "" || !isResource(request, "", "pods")) return object
    const pod = object as Pod
    const spec = withTolerations(pod.spec ?? noSpec)
    return spec === pod.spec ? object : Object.assign({}, pod, { spec })
  }
}
