/** A claim that names no storage class gets the cluster's default one. @module */
import type { PersistentVolumeClaim } from "@tsukube/api/core-v1"
import { type StorageClass, storageclasses } from "@tsukube/api/storage-v1"
import { type AdmissionPlugin, isResource } from "./admission.ts"

const defaultKeys = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"]
const classKey = "volume.beta.kubernetes.io/storage-class"

const isDefault = ({ metadata }: StorageClass): boolean => defaultKeys.some((key) => metadata?.annotations?.[key] === "true")

/** Of several defaults the newest is meant; of equally old ones the first by name. */
const newestFirst = (a: StorageClass, b: StorageClass): number => {
  const [left = "", right = ""] = [a.metadata?.creationTimestamp, b.metadata?.creationTimestamp]
  if (left !== right) return left > right ? -1 : 1
  return (a.metadata?.name ?? "") < (b.metadata?.name ?? "") ? -1 : 1
}

export const defaultStorageClass: AdmissionPlugin = {
  name: "DefaultStorageClass",
  mutate: (serving, request) => {
    const { object, operation } = request
    if (operation !== "CREATE" || !isResource(request, "", "persistentvolumeclaims")) return object
    const claim = object as PersistentVolumeClaim
    if (claim.spec?.storageClassName !== undefined || claim.metadata?.annotations?.[classKey] !== undefined) return object
    const chosen = serving.registry.list(storageclasses).filter(isDefault).sort(newestFirst)[0]
    const storageClassName = chosen?.metadata?.name
    if (storageClassName === undefined) return object
    return Object.assign({}, claim, { spec: { ...claim.spec, storageClassName } })
  }
}
