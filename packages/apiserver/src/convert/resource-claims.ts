/** resource.k8s.io/v1beta1 writes a device and a device request in one level less or more than the versions after it. @module */
import type { KubernetesObject } from "@tsukube/api"
import type { DeviceClaim, ResourceClaim, ResourceClaimTemplate, ResourceSlice } from "@tsukube/api/resource-v1"
import type {
  DeviceClaim as BetaDeviceClaim,
  DeviceRequest as BetaDeviceRequest,
  ResourceClaim as BetaResourceClaim,
  ResourceClaimTemplate as BetaResourceClaimTemplate,
  ResourceSlice as BetaResourceSlice
} from "@tsukube/api/resource-v1beta1"

const stable = "resource.k8s.io/v1"
const beta = "resource.k8s.io/v1beta1"

const requestToBeta = ({ exactly, ...rest }: NonNullable<DeviceClaim["requests"]>[number]): BetaDeviceRequest => ({
  ...rest,
  ...exactly
})

const requestFromBeta = ({ name, firstAvailable, ...exactly }: BetaDeviceRequest) => ({
  name,
  ...(firstAvailable === undefined ? {} : { firstAvailable }),
  // A request names its class, unless it offers a choice.
  ...(Object.keys(exactly).length === 0 ? {} : { exactly: { ...exactly, deviceClassName: exactly.deviceClassName ?? "" } })
})

const devicesToBeta = (devices: DeviceClaim): BetaDeviceClaim => {
  const { requests, ...rest } = devices
  return { ...rest, ...(requests === undefined ? {} : { requests: requests.map(requestToBeta) }) }
}

const devicesFromBeta = (devices: BetaDeviceClaim): DeviceClaim => {
  const { requests, ...rest } = devices
  return { ...rest, ...(requests === undefined ? {} : { requests: requests.map(requestFromBeta) }) }
}

/** A stored ResourceClaim as v1beta1. */
export const claimToV1beta1 = (object: KubernetesObject): KubernetesObject => {
  const { spec, ...claim } = object as ResourceClaim
  const { devices } = spec ?? {}
  const shown: BetaResourceClaim = {
    ...claim,
    apiVersion: beta,
    spec: devices === undefined ? {} : { devices: devicesToBeta(devices) }
  }
  return shown
}

/** A ResourceClaim of v1beta1 as it is stored. */
export const claimFromV1beta1 = (object: KubernetesObject): KubernetesObject => {
  const { spec, ...claim } = object as BetaResourceClaim
  const { devices } = spec ?? {}
  const taken: ResourceClaim = {
    ...claim,
    apiVersion: stable,
    spec: devices === undefined ? {} : { devices: devicesFromBeta(devices) }
  }
  return taken
}

/** A stored ResourceClaimTemplate as v1beta1. */
export const claimTemplateToV1beta1 = (object: KubernetesObject): KubernetesObject => {
  const { spec, ...template } = object as ResourceClaimTemplate
  const { devices } = spec?.spec ?? {}
  const shown: BetaResourceClaimTemplate = {
    ...template,
    apiVersion: beta,
    spec: { ...spec, spec: devices === undefined ? {} : { devices: devicesToBeta(devices) } }
  }
  return shown
}

/** A ResourceClaimTemplate of v1beta1 as it is stored. */
export const claimTemplateFromV1beta1 = (object: KubernetesObject): KubernetesObject => {
  const { spec, ...template } = object as BetaResourceClaimTemplate
  const { devices } = spec?.spec ?? {}
  const taken: ResourceClaimTemplate = {
    ...template,
    apiVersion: stable,
    spec: { ...spec, spec: devices === undefined ? {} : { devices: devicesFromBeta(devices) } }
  }
  return taken
}

/** A stored ResourceSlice as v1beta1. */
export const sliceToV1beta1 = (object: KubernetesObject): KubernetesObject => {
  const { spec, ...slice } = object as ResourceSlice
  const { devices, ...rest } = spec
  const shown: BetaResourceSlice = {
    ...slice,
    apiVersion: beta,
    spec: { ...rest, ...(devices === undefined ? {} : { devices: devices.map(({ name, ...basic }) => ({ name, basic })) }) }
  }
  return shown
}

/** A ResourceSlice of v1beta1 as it is stored. */
export const sliceFromV1beta1 = (object: KubernetesObject): KubernetesObject => {
  const { spec, ...slice } = object as BetaResourceSlice
  const { devices, ...rest } = spec
  const taken: ResourceSlice = {
    ...slice,
    apiVersion: stable,
    spec: { ...rest, ...(devices === undefined ? {} : { devices: devices.map(({ name, basic }) => ({ ...basic, name })) }) }
  }
  return taken
}
