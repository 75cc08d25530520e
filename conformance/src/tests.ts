/** Every test that is written. @module */
import { apiObjects } from "./sig-api-machinery/api-objects.ts"
import { discovery } from "./sig-api-machinery/discovery.ts"
import { fieldValidation } from "./sig-api-machinery/field-validation.ts"
import { garbageCollector } from "./sig-api-machinery/garbage-collector.ts"
import { lists } from "./sig-api-machinery/lists.ts"
import { namespaceTests } from "./sig-api-machinery/namespaces.ts"
import { resourceQuota } from "./sig-api-machinery/resource-quota.ts"
import { resourceQuotaScopes } from "./sig-api-machinery/resource-quota-scopes.ts"
import { watchers } from "./sig-api-machinery/watchers.ts"
import { webhookConfigurations } from "./sig-api-machinery/webhook-configurations.ts"
import { appObjects } from "./sig-apps/api-objects.ts"
import { cronJobTests } from "./sig-apps/cron-job.ts"
import { daemonSetTests } from "./sig-apps/daemon-set.ts"
import { deploymentTests } from "./sig-apps/deployment.ts"
import { disruptionTests } from "./sig-apps/disruption.ts"
import { jobTests } from "./sig-apps/job.ts"
import { otherWorkloads } from "./sig-apps/other-workloads.ts"
import { replicaSetTests } from "./sig-apps/replica-set.ts"
import { replicationControllerTests } from "./sig-apps/replication-controller.ts"
import { statefulSetTests } from "./sig-apps/stateful-set.ts"
import { architecture } from "./sig-architecture/nodes.ts"
import { issuerDiscovery } from "./sig-auth/issuer-discovery.ts"
import { reviews } from "./sig-auth/reviews.ts"
import { serviceAccounts } from "./sig-auth/service-accounts.ts"
import { kubectlClient } from "./sig-cli/client.ts"
import { guestbookTests } from "./sig-cli/guestbook.ts"
import { logTests } from "./sig-cli/logs.ts"
import { kubectlControllers } from "./sig-cli/replication-controllers.ts"
import { updateDemo } from "./sig-cli/update-demo.ts"
import { eventTests } from "./sig-instrumentation/events.ts"
import { networkObjects } from "./sig-network/api-objects.ts"
import { endpointTests } from "./sig-network/endpoints.ts"
import { proxyTests } from "./sig-network/proxy.ts"
import { serviceEndpoints } from "./sig-network/service-endpoints.ts"
import { serviceTests } from "./sig-network/services.ts"
import { configTests } from "./sig-node/config.ts"
import { containerLogTests } from "./sig-node/container-logs.ts"
import { containerTests } from "./sig-node/containers.ts"
import { devices } from "./sig-node/devices.ts"
import { environmentTests } from "./sig-node/environment.ts"
import { nodeTests } from "./sig-node/nodes.ts"
import { podGeneration } from "./sig-node/pod-generation.ts"
import { podTests } from "./sig-node/pods.ts"
import { runtimeClass } from "./sig-node/runtime-class.ts"
import { limitRange } from "./sig-scheduling/limit-range.ts"
import { predicates } from "./sig-scheduling/predicates.ts"
import { preemption } from "./sig-scheduling/preemption.ts"
import { preemptionPath } from "./sig-scheduling/preemption-path.ts"
import { priorityClass } from "./sig-scheduling/priority-class.ts"
import { storageObjects } from "./sig-storage/api-objects.ts"
import { volumeTests } from "./sig-storage/volumes.ts"
import { wrapperVolumes } from "./sig-storage/wrapper-volumes.ts"
import type { ConformanceTest } from "./suite.ts"

const apiMachinery = [
  apiObjects,
  discovery,
  fieldValidation,
  garbageCollector,
  lists,
  namespaceTests,
  resourceQuota,
  resourceQuotaScopes,
  watchers,
  webhookConfigurations
].flat()

const network = [endpointTests, networkObjects, proxyTests, serviceEndpoints, serviceTests].flat()

const node = [
  configTests,
  containerLogTests,
  containerTests,
  devices,
  environmentTests,
  nodeTests,
  podGeneration,
  podTests,
  runtimeClass
].flat()

const auth = [issuerDiscovery, reviews, serviceAccounts].flat()

const cli = [guestbookTests, kubectlClient, kubectlControllers, logTests, updateDemo].flat()

const storage = [storageObjects, volumeTests, wrapperVolumes].flat()

const scheduling = [limitRange, predicates, preemption, preemptionPath, priorityClass].flat()

const apps = [
  appObjects,
  cronJobTests,
  daemonSetTests,
  deploymentTests,
  disruptionTests,
  jobTests,
  otherWorkloads,
  replicaSetTests,
  replicationControllerTests,
  statefulSetTests
].flat()

/** All of them, by SIG and topic. */
export const tests: ReadonlyArray<ConformanceTest> = [
  apiMachinery,
  apps,
  architecture,
  auth,
  cli,
  eventTests,
  network,
  node,
  scheduling,
  storage
].flat()
