/** A pod's runtime class says what the runtime itself costs and on which nodes it is. @module */
import { forbidden } from "@tsukube/api"
import type { Pod } from "@tsukube/api/core-v1"
import { runtimeclasses } from "@tsukube/api/node-v1"
import { type AdmissionPlugin, isResource } from "./admission.ts"

export const runtimeClass: AdmissionPlugin = {
  name: "RuntimeClass",
  mutate: (serving, request) => {
    const { object, operation, resource, name } = request
    if (operation !== "CREATE" || !isResource(request, "", "pods")) return object
    const pod = object as Pod
    const className = pod.spec?.runtimeClassName
    if (className === undefined || pod.spec === undefined) return object
    const found = serving.registry.get(runtimeclasses, { name: className })
    if (found === undefined) throw forbidden(resource, name, `pod rejected: RuntimeClass "${className}" not found`)
    const overhead = found.overhead?.podFixed
    const { nodeSelector = {}, tolerations = [] } = found.scheduling ?? {}
    const own = pod.spec.nodeSelector ?? {}
    const clash = Object.entries(nodeSelector).find(([key, value]) => own[key] !== undefined && own[key] !== value)
    if (clash !== undefined) {
      throw forbidden(
        resource,
        name,
        `conflict: runtimeClass.scheduling.nodeSelector[${clash[0]}] = ${clash[1]}; pod.spec.nodeSelector[${clash[0]}] = ${own[clash[0]]}`
      )
    }
    const selector = { ...own, ...nodeSelector }
    return Object.assign({}, pod, {
      spec: {
        ...pod.spec,
        ...(overhead === undefined ? {} : { overhead }),
        ...(Object.keys(selector).length === 0 ? {} : { nodeSelector: selector }),
        ...(tolerations.length === 0 ? {} : { tolerations: [...(pod.spec.tolerations ?? []), ...tolerations] })
      }
    })
  }
}
