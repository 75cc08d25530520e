/** A new node is not ready until the node life cycle says so: nothing is scheduled onto it in between. @module */
import type { Node } from "@tsukube/api/core-v1"
import { type AdmissionPlugin, isResource } from "./admission.ts"

const notReady = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }

export const taintNodesByCondition: AdmissionPlugin = {
  name: "TaintNodesByCondition",
  mutate: (_serving, request) => {
    const { object, operation } = request
    if (operation !== "CREATE" || !isResource(request, "", "nodes")) return object
    const node = object as Node
    const taints = node.spec?.taints ?? []
    if (taints.some(({ key, effect }) => key === notReady.key && effect === notReady.effect)) return object
    return Object.assign({}, node, { spec: { ...node.spec, taints: [...taints, notReady] } })
  }
}
