/** A claim may ask for more room only once it is bound, and only from storage that can grow. @module */
import { compareQuantity, forbidden } from "@tsukube/api"
import type { PersistentVolumeClaim } from "@tsukube/api/core-v1"
import { storageclasses } from "@tsukube/api/storage-v1"
import { type AdmissionPlugin, isResource } from "./admission.ts"

const classKey = "volume.beta.kubernetes.io/storage-class"

const storageOf = ({ spec }: PersistentVolumeClaim): string => spec?.resources?.requests?.["storage"] ?? "0"

export const persistentVolumeClaimResize: AdmissionPlugin = {
  name: "PersistentVolumeClaimResize",
  validate: (serving, request) => {
    const { operation, resource, subresource, name } = request
    if (operation !== "UPDATE" || subresource !== "" || !isResource(request, "", "persistentvolumeclaims")) return
    const claim = request.object as PersistentVolumeClaim
    const old = request.old as PersistentVolumeClaim
    if (compareQuantity(storageOf(claim), storageOf(old)) <= 0) return
    if (old.status?.phase !== "Bound") throw forbidden(resource, name, "Only bound persistent volume claims can be expanded")
    const storageClass = claim.metadata?.annotations?.[classKey] ?? claim.spec?.storageClassName ?? ""
    const found = storageClass === "" ? undefined : serving.registry.get(storageclasses, { name: storageClass })
    if (found?.allowVolumeExpansion === true) return
    const message =
      "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"
    throw forbidden(resource, name, message)
  }
}
