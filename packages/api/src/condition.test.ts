import { expect, test } from "bun:test"
import { type ConditionFields, findCondition, isConditionTrue, setCondition } from "./condition.ts"
import { controllerOf, isControlledBy, ownerReference } from "./owner.ts"
import { replicasets } from "./types/apps-v1.ts"

test("the transition time moves only with the status, and no change keeps the list", () => {
  const first = setCondition<ConditionFields>(undefined, { type: "Ready", status: "False", reason: "A" }, "t1")
  expect(setCondition(first, { type: "Ready", status: "False", reason: "A" }, "t2")).toBe(first)
  const second = setCondition(first, { type: "Ready", status: "False", reason: "B" }, "t2")
  expect(findCondition(second, "Ready")).toEqual({ type: "Ready", status: "False", reason: "B", lastTransitionTime: "t1" })
  const third = setCondition(second, { type: "Ready", status: "True", reason: "B" }, "t3")
  expect(findCondition(third, "Ready")?.lastTransitionTime).toBe("t3")
  const fourth = setCondition(third, { type: "Ready", status: "True" }, "t4")
  expect(findCondition(fourth, "Ready")).toEqual({ type: "Ready", status: "True", lastTransitionTime: "t3" })
  expect([isConditionTrue(second, "Ready"), isConditionTrue(third, "Ready"), isConditionTrue(third, "Other")]).toEqual([
    false,
    true,
    false
  ])
})

test("an owner reference leads back to the owner", () => {
  const owner = { metadata: { name: "web", uid: "u1" } }
  const child = { metadata: { ownerReferences: [ownerReference(owner, replicasets)] } }
  expect(controllerOf(child)).toEqual({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    name: "web",
    uid: "u1",
    controller: true,
    blockOwnerDeletion: true
  })
  expect(isControlledBy(child, owner)).toBe(true)
  expect(isControlledBy({}, {})).toBe(false)
})
