/** Nothing is created in a namespace that is not there or is going away, and the first namespaces stay. @module */
import { forbidden, type KubernetesObject, notFound, StatusError } from "@tsukube/api"
import { namespaces } from "@tsukube/api/core-v1"
import { servedOf } from "../served.ts"
import type { Serving } from "../serving.ts"
import { keyOf } from "../stored.ts"
import { readStore } from "../write.ts"
import { type AdmissionPlugin, type AdmissionRequest, isResource } from "./admission.ts"

const immortal = new Set(["default", "kube-system", "kube-public"])

/** Upstream's cause: controllers recognise by it that there is no point in trying again. */
const terminating = (error: StatusError, namespace: string): StatusError =>
  new StatusError({
    status: {
      ...error.status,
      details: {
        ...error.status.details,
        causes: [
          {
            reason: "NamespaceTerminating",
            message: `namespace ${namespace} is being terminated`,
            field: "metadata.namespace"
          }
        ]
      }
    }
  })

/** 404 for an unknown namespace, 403 for one that is being terminated. */
export const namespaceLifecycle: AdmissionPlugin = {
  name: "NamespaceLifecycle",
  validate: (serving, request) => {
    const { operation, resource, namespace, name } = request
    if (isResource(request, "", "namespaces")) {
      if (operation === "DELETE" && immortal.has(name)) throw forbidden(resource, name, "this namespace may not be deleted")
      return
    }
    if (operation !== "CREATE" || !resource.namespaced) return
    // Access reviews ask about namespaces, they put nothing there.
    if (resource.group === "authorization.k8s.io") return
    const found = serving.registry.get(namespaces, { name: namespace })
    return found === undefined ? checkStored(serving, request) : checkAlive(found, request)
  }
}

/** The cache may not have heard of it yet. */
const checkStored = async (serving: Serving, request: AdmissionRequest): Promise<void> => {
  const { namespace } = request
  const stored = await readStore(serving, keyOf(servedOf(namespaces).stored, "", namespace))
  if (stored === undefined) throw notFound(namespaces, namespace)
  checkAlive(stored.object, request)
}

const checkAlive = ({ metadata }: KubernetesObject, { resource, namespace, name }: AdmissionRequest): void => {
  if (metadata?.deletionTimestamp === undefined) return
  const message = `unable to create new content in namespace ${namespace} because it is being terminated`
  throw terminating(forbidden(resource, name, message), namespace)
}
