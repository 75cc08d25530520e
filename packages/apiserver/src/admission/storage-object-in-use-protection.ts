/** Volumes, claims and attribute classes begin with a finalizer, so that none goes while it is used. @module */
import type { KubernetesObject } from "@tsukube/api"
import type { AdmissionPlugin } from "./admission.ts"

/** By plural and group; the protection controllers take them off again. */
const finalizers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  persistentvolumes: { "": "kubernetes.io/pv-protection" },
  persistentvolumeclaims: { "": "kubernetes.io/pvc-protection" },
  volumeattributesclasses: { "storage.k8s.io": "kubernetes.io/vac-protection" }
}

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: "StorageObjectInUseProtection",
  mutate: (_serving, { object, operation, resource }): KubernetesObject => {
    const finalizer = finalizers[resource.plural]?.[resource.group]
    const before = object.metadata?.finalizers ?? []
    if (operation !== "CREATE" || finalizer === undefined || before.includes(finalizer)) return object
    return { ...object, metadata: { ...object.metadata, finalizers: [...before, finalizer] } }
  }
}
