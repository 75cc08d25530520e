/** Every test that is written. @module */
import { apiObjects } from "./sig-api-machinery/api-objects.ts"
import { discovery } from "./sig-api-machinery/discovery.ts"
import { fieldValidation } from "./sig-api-machinery/field-validation.ts"
import { garbageCollector } from "./sig-api-machinery/garbage-collector.ts"
import { lists } from "./sig-api-machinery/lists.ts"
import { namespaceTests } from "./sig-api-machinery/namespaces.ts"
import { resourceQuota } from "./sig-api-machinery/resource-quota.ts"
import { watchers } from "./sig-api-machinery/watchers.ts"
import { appObjects } from "./sig-apps/api-objects.ts"
import { deploymentTests } from "./sig-apps/deployment.ts"
import { replicaSetTests } from "./sig-apps/replica-set.ts"
import { architecture } from "./sig-architecture/nodes.ts"
import { reviews } from "./sig-auth/reviews.ts"
import { serviceAccounts } from "./sig-auth/service-accounts.ts"
import { eventTests } from "./sig-instrumentation/events.ts"
import { networkObjects } from "./sig-network/api-objects.ts"
import { endpointTests } from "./sig-network/endpoints.ts"
import { serviceTests } from "./sig-network/services.ts"
import { configTests } from "./sig-node/config.ts"
import { devices } from "./sig-node/devices.ts"
import { nodeTests } from "./sig-node/nodes.ts"
import { podGeneration } from "./sig-node/pod-generation.ts"
import { podTests } from "./sig-node/pods.ts"
import { runtimeClass } from "./sig-node/runtime-class.ts"
import { limitRange } from "./sig-scheduling/limit-range.ts"
import { predicates } from "./sig-scheduling/predicates.ts"
import { priorityClass } from "./sig-scheduling/priority-class.ts"
import { storageObjects } from "./sig-storage/api-objects.ts"
import { volumeTests } from "./sig-storage/volumes.ts"
import type { ConformanceTest } from "./suite.ts"

const apiMachinery = [
  apiObjects,
  discovery,
  fieldValidation,
  garbageCollector,
  lists,
  namespaceTests,
  resourceQuota,
  watchers
].flat()

const network = [endpointTests, networkObjects, serviceTests].flat()

const node = [configTests, devices, nodeTests, podGeneration, podTests, runtimeClass].flat()

const auth = [reviews, serviceAccounts].flat()

const storage = [storageObjects, volumeTests].flat()

const scheduling = [limitRange, predicates, priorityClass].flat()

const apps = [appObjects, deploymentTests, replicaSetTests].flat()

/** All of them, by SIG and topic. */
export const tests: ReadonlyArray<ConformanceTest> = [
  apiMachinery,
  apps,
  architecture,
  auth,
  eventTests,
  network,
  node,
  scheduling,
  storage
].flat()
