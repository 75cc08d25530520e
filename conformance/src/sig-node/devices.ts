/** API operations of dynamic resource allocation. @module */
import {
  type DeviceRequest,
  deviceclasses,
  resourceclaims,
  resourceclaimtemplates,
  resourceslices
} from "@tsukube/api/resource-v1"
import { apiOperations } from "../api-operations.ts"
import type { ConformanceTest } from "../suite.ts"

const prefix = "[sig-node] [DRA] CRUD Tests resource.k8s.io/v1"

const requests: ReadonlyArray<DeviceRequest> = [{ name: "req-0", exactly: { deviceClassName: "conformance-no-such-class" } }]

const driver = "conformance.example.com"

const deviceClass = apiOperations(deviceclasses)(`${prefix} DeviceClass`, {
  make: () => ({ spec: { selectors: [{ cel: { expression: `device.driver == "${driver}"` } }] } }),
  change: (object) => ({ ...object, spec: { selectors: [{ cel: { expression: "false" } }] } }),
  changed: ({ spec }) => spec.selectors?.[0]?.cel?.expression === "false"
})

const claim = apiOperations(resourceclaims)(`${prefix} ResourceClaim`, {
  make: () => ({ spec: { devices: { requests } } }),
  status: {
    patch: { allocation: { devices: { results: [{ request: "req-0", driver, pool: "pool", device: "device-1" }] } } },
    patched: ({ status }) => status?.allocation?.devices?.results?.[0]?.device === "device-1",
    update: ({ status: _, ...object }) => ({ ...object, status: {} }),
    updated: ({ status }) => status?.allocation === undefined
  }
})

const claimTemplate = apiOperations(resourceclaimtemplates)(`${prefix} ResourceClaimTemplate`, {
  make: () => ({ spec: { spec: { devices: { requests } } } })
})

const slice = apiOperations(resourceslices)(`${prefix} ResourceSlice`, {
  make: (index) => ({
    spec: {
      driver,
      nodeName: "conformance-no-such-node",
      pool: { name: `pool-${index}`, generation: 1, resourceSliceCount: 1 },
      devices: [{ name: "device-1" }]
    }
  }),
  change: (object) => ({ ...object, spec: { ...object.spec, devices: [{ name: "device-1" }, { name: "device-2" }] } }),
  changed: ({ spec }) => spec.devices?.length === 2
})

export const devices: ReadonlyArray<ConformanceTest> = [deviceClass, claim, claimTemplate, slice]
