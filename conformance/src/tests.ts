/** Every test that is written. @module */
import { apiObjects } from "./sig-api-machinery/api-objects.ts"
import { discovery } from "./sig-api-machinery/discovery.ts"
import { fieldValidation } from "./sig-api-machinery/field-validation.ts"
import { garbageCollector } from "./sig-api-machinery/garbage-collector.ts"
import { lists } from "./sig-api-machinery/lists.ts"
import { namespaceTests } from "./sig-api-machinery/namespaces.ts"
import { resourceQuota } from "./sig-api-machinery/resource-quota.ts"
import { watchers } from "./sig-api-machinery/watchers.ts"
import type { ConformanceTest } from "./suite.ts"

/** All of them, by SIG and topic. */
export const tests: ReadonlyArray<ConformanceTest> = [
  apiObjects,
  discovery,
  fieldValidation,
  garbageCollector,
  lists,
  namespaceTests,
  resourceQuota,
  watchers
].flat()
