/** An Ingress that names no class gets the cluster's default one. @module */
import { forbidden } from "@tsukube/api"
import { type Ingress, ingressclasses } from "@tsukube/api/networking-v1"
import { type AdmissionPlugin, isResource } from "./admission.ts"

const defaultKey = "ingressclass.kubernetes.io/is-default-class"
const classKey = "kubernetes.io/ingress.class"

export const defaultIngressClass: AdmissionPlugin = {
  name: "DefaultIngressClass",
  mutate: (serving, request) => {
    const { object, operation, resource, name } = request
    if (operation !== "CREATE" || !isResource(request, "networking.k8s.io", "ingresses")) return object
    const ingress = object as Ingress
    if (ingress.spec?.ingressClassName !== undefined || ingress.metadata?.annotations?.[classKey] !== undefined) return object
    const defaults = serving.registry
      .list(ingressclasses)
      .filter(({ metadata }) => metadata?.annotations?.[defaultKey] === "true")
    if (defaults.length > 1) {
      throw forbidden(resource, name, `${defaults.length} default IngressClasses were found, only 1 allowed`)
    }
    const ingressClassName = defaults[0]?.metadata?.name
    return ingressClassName === undefined ? object : Object.assign({}, ingress, { spec: { ...ingress.spec, ingressClassName } })
  }
}
