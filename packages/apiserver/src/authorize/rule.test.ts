import { expect, test } from "bun:test"
import type { Attributes } from "../request.ts"
import { forbiddenError } from "./forbidden.ts"
import { allow, allowPaths } from "./policy.ts"
import { rbacBootstrap, reconciled } from "./rbac-bootstrap.ts"
import { ruleAllows } from "./rule.ts"

const asked = (verb: string, resource: string, rest: Partial<Attributes> = {}): Attributes => ({
  isResource: true,
  path: "",
  verb,
  group: "",
  version: "v1",
  resource,
  subresource: "",
  namespace: "y",
  name: "",
  ...rest
})

test("a rule allows only where verb, group, resource and name all fit", () => {
  const rule = allow("get,list", "", "pods,pods/log")
  expect(ruleAllows(rule, asked("list", "pods"))).toBe(true)
  expect(ruleAllows(rule, asked("watch", "pods"))).toBe(false)
  expect(ruleAllows(rule, asked("get", "pods", { subresource: "log" }))).toBe(true)
  expect(ruleAllows(rule, asked("get", "pods", { subresource: "exec" }))).toBe(false)
  expect(ruleAllows(rule, asked("get", "pods", { group: "apps" }))).toBe(false)
  const named = allow("get", "", "configmaps", "one")
  expect(ruleAllows(named, asked("get", "configmaps", { name: "one" }))).toBe(true)
  expect(ruleAllows(named, asked("get", "configmaps"))).toBe(false)
})

test("a star means all resources with their subresources, */scale one subresource of all", () => {
  expect(ruleAllows(allow("*", "*", "*"), asked("patch", "pods", { subresource: "status", group: "x" }))).toBe(true)
  expect(ruleAllows(allow("get", "*", "*/scale"), asked("get", "deployments", { subresource: "scale" }))).toBe(true)
  expect(ruleAllows(allow("get", "*", "*/scale"), asked("get", "deployments"))).toBe(false)
})

test("plain paths fit whole or by prefix", () => {
  const path = (path: string) => asked("get", "", { isResource: false, path })
  expect(ruleAllows(allowPaths("get", "/api,/healthz/*"), path("/healthz/ping"))).toBe(true)
  expect(ruleAllows(allowPaths("get", "/api"), path("/api/"))).toBe(false)
  expect(ruleAllows(allow("*", "*", "*"), path("/metrics"))).toBe(false)
})

test("a refusal reads as kubectl users know it", () => {
  const user = { name: "x", groups: [] }
  expect(forbiddenError(user, asked("list", "pods")).message).toBe(
    'pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "y"'
  )
  expect(
    forbiddenError(user, asked("get", "deployments", { group: "apps", subresource: "scale", name: "web", namespace: "" })).message
  ).toBe(
    'deployments.apps "web" is forbidden: User "x" cannot get resource "deployments/scale" in API group "apps" at the cluster scope'
  )
  expect(forbiddenError(user, asked("get", "", { isResource: false, path: "/metrics" })).message).toBe(
    'forbidden: User "x" cannot get path "/metrics"'
  )
})

test("the first roles are unique, and each binding's role is there", () => {
  const id = ({ kind, metadata }: (typeof rbacBootstrap)[number]) => `${kind} ${metadata?.namespace ?? ""} ${metadata?.name}`
  const ids = rbacBootstrap.map(id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const object of rbacBootstrap) {
    if (!("roleRef" in object)) continue
    const { kind, name } = object.roleRef as { kind: string; name: string }
    expect(ids).toContain(`${kind} ${kind === "Role" ? object.metadata?.namespace : ""} ${name}`)
  }
})

test("reconciling adds missing rules, takes nothing away, and respects autoupdate=false", () => {
  const wanted = rbacBootstrap.find(({ metadata }) => metadata?.name === "system:discovery")!
  expect(reconciled(wanted, wanted)).toBeUndefined()
  const mine = { ...wanted, rules: [allow("get", "", "pods")] }
  const repaired = reconciled(wanted, mine) as unknown as { rules: Array<unknown> }
  expect(repaired.rules).toHaveLength(2)
  expect(reconciled(wanted, repaired as typeof wanted)).toBeUndefined()
  const off = { ...mine, metadata: { annotations: { "rbac.authorization.kubernetes.io/autoupdate": "false" } } }
  expect(reconciled(wanted, off)).toBeUndefined()
})
