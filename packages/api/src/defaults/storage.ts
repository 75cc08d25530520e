/** Defaults of storage.k8s.io, scheduling.k8s.io and resource.k8s.io. @module */
import type {
  DeviceRequest,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceClaimSpec,
  ResourceClaimTemplate
} from "../types/resource-v1.ts"
import type { PriorityClass } from "../types/scheduling-v1.ts"
import type { CSIDriver, StorageClass } from "../types/storage-v1.ts"
import { change, each, fill, maybe } from "./fill.ts"
import { type DefaultsTable, kind } from "./table.ts"

const defaultStorageClass = (storageClass: StorageClass): StorageClass =>
  fill(storageClass, { reclaimPolicy: "Delete", volumeBindingMode: "Immediate" })

const defaultDriver = (driver: CSIDriver): CSIDriver =>
  change(driver, {
    spec: fill(driver.spec ?? {}, {
      attachRequired: true,
      podInfoOnMount: false,
      storageCapacity: false,
      fsGroupPolicy: "ReadWriteOnceWithFSType",
      volumeLifecycleModes: ["Persistent"],
      requiresRepublish: false,
      seLinuxMount: false
    })
  })

const defaultPriorityClass = (priority: PriorityClass): PriorityClass =>
  fill(priority, { preemptionPolicy: "PreemptLowerPriority" })

const defaultAllocation = <R extends ExactDeviceRequest | DeviceSubRequest>(request: R): R => {
  const mode: ExactDeviceRequest | DeviceSubRequest = fill<ExactDeviceRequest | DeviceSubRequest>(request, {
    allocationMode: "ExactCount"
  })
  return fill<ExactDeviceRequest | DeviceSubRequest>(mode, { count: mode.allocationMode === "ExactCount" ? 1 : undefined }) as R
}

const defaultRequest = (request: DeviceRequest): DeviceRequest =>
  change(request, {
    exactly: maybe(request.exactly, defaultAllocation),
    firstAvailable: each(request.firstAvailable, defaultAllocation)
  })

const defaultClaimSpec = (spec: ResourceClaimSpec): ResourceClaimSpec =>
  change(spec, {
    devices: maybe(spec.devices, (devices) => change(devices, { requests: each(devices.requests, defaultRequest) }))
  })

const defaultResourceClaim = (claim: ResourceClaim): ResourceClaim => change(claim, { spec: maybe(claim.spec, defaultClaimSpec) })

const defaultResourceClaimTemplate = (template: ResourceClaimTemplate): ResourceClaimTemplate =>
  change(template, { spec: maybe(template.spec, (spec) => change(spec, { spec: maybe(spec.spec, defaultClaimSpec) })) })

export const storage: DefaultsTable = { CSIDriver: kind(defaultDriver), StorageClass: kind(defaultStorageClass) }

export const scheduling: DefaultsTable = { PriorityClass: kind(defaultPriorityClass) }

export const resource: DefaultsTable = {
  ResourceClaim: kind(defaultResourceClaim),
  ResourceClaimTemplate: kind(defaultResourceClaimTemplate)
}
