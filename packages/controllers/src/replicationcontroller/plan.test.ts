/** What sets a ReplicationController apart from a replica set. @module */
import { expect, test } from "bun:test"
import { selectorOf, statusFor } from "./plan.ts"

test("its labels are its selector, and without any it selects nothing", () => {
  expect(selectorOf({ spec: { selector: { app: "web" } } })).toEqual({ matchLabels: { app: "web" } })
  expect(selectorOf({ spec: {} })).toBeUndefined()
})

test("its status has no terminatingReplicas", () => {
  expect(statusFor({ replicas: 2, readyReplicas: 1, terminatingReplicas: 1, observedGeneration: 3 })).toEqual({
    replicas: 2,
    readyReplicas: 1,
    observedGeneration: 3
  })
})
