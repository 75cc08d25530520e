/** The admission plugins in upstream's order. @module */
import type { KubernetesObject } from "@tsukube/api"
import type { Serving } from "../serving.ts"
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts"
import { namespaceLifecycle } from "./namespace-lifecycle.ts"

const plugins: ReadonlyArray<AdmissionPlugin> = [namespaceLifecycle]

/** The object as all plugins in turn complete it. */
export const admit = (serving: Serving, request: AdmissionRequest & { readonly object: KubernetesObject }): KubernetesObject => {
  let object = request.object
  for (const { mutate } of plugins) if (mutate !== undefined) object = mutate(serving, { ...request, object })
  return object
}

/** Throws the first refusal. */
export const checkAdmission = async (serving: Serving, request: AdmissionRequest): Promise<void> => {
  for (const { validate } of plugins) await validate?.(serving, request)
}
