/** Every field of every kind, in objects as full as they may be: what is sent comes back, nothing is lost and nothing added but defaults. @module */
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { allResources, apiVersionOf, applyDefaults, isObject, type JsonObject, pathOf, type Resource } from "@tsukube/api"
import { featureGates } from "./gated.ts"
import { fieldsOf, fieldsSet, fill } from "./testing/maximal/fill.ts"
import { unsettable } from "./testing/maximal/unsettable.ts"
import { hints } from "./testing/maximal/values.ts"
import { admin, type Caller, type Running, startServer } from "./testing/server.ts"

/** They add to what is sent; their own tests say what. */
const adding = ["ServiceAccount", "DefaultTolerationSeconds", "StorageObjectInUseProtection", "TaintNodesByCondition"]

const allGates = Object.fromEntries(featureGates.map((gate) => [gate, true]))

let running: Running
let server: Caller
beforeAll(async () => {
  running = await startServer({ disableAdmissionPlugins: adding, featureGates: allGates })
  // A CertificateSigningRequest says who asked for it.
  server = running.as({ name: "a", groups: [...admin.groups], uid: "a", extra: { a: ["a"] } })
  await server.json("POST", "/apis/node.k8s.io/v1/runtimeclasses", {
    metadata: { name: "a" },
    handler: "a",
    overhead: { podFixed: { cpu: "1" } },
    scheduling: { nodeSelector: { a: "a" } }
  })
})
afterAll(() => running.close())

const stored = allResources.filter(
  ({ servedByDefault, verbs }) => servedByDefault && verbs.includes("create") && verbs.includes("delete")
)

/** Names that are not free. */
const names: Readonly<Record<string, string>> = {
  customresourcedefinitions: "foos.example.com",
  apiservices: "v1.example.com",
  ipaddresses: "192.0.2.9"
}

/** What the server writes, whatever a client says. */
const servers = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "selfLink",
  "uid"
]

const objectOf = (resource: Resource, way: unknown): JsonObject => {
  const { metadata, ...rest } = way as { readonly metadata: JsonObject }
  // Names of IPAddresses are not to be made up.
  const own = Object.entries(metadata).filter(
    ([field]) =>
      !servers.includes(field) &&
      (resource.namespaced || field !== "namespace") &&
      !(resource.plural === "ipaddresses" && field === "generateName")
  )
  return {
    ...rest,
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: { ...Object.fromEntries(own), name: names[resource.plural] ?? "maximal" }
  }
}

/** The paths at which `got` lacks or changes what `sent` has. */
const differences = (sent: unknown, got: unknown, path = ""): ReadonlyArray<string> => {
  if (isObject(sent) && isObject(got))
    return Object.keys(sent).flatMap((key) => differences(sent[key], got[key], `${path}.${key}`))
  if (Array.isArray(sent) && Array.isArray(got) && sent.length === got.length)
    return sent.flatMap((item, i) => differences(item, got[i], `${path}[${i}]`))
  return Bun.deepEquals(sent, got)
    ? []
    : [`${path}: ${JSON.stringify(sent)?.slice(0, 80)} became ${JSON.stringify(got)?.slice(0, 80)}`]
}

const set = new Set<string>()

describe("as full as may be", () => {
  for (const resource of stored) {
    test(`${apiVersionOf(resource)} ${resource.kind}`, async () => {
      for (const way of fill(hints)(resource.schema)) {
        const { status, ...object } = objectOf(resource, way)
        const namespace = resource.namespaced ? { namespace: "default" } : {}
        const made = await server.json("POST", `${pathOf(resource, namespace)}?fieldValidation=Strict`, object)
        expect(differences(object, made)).toEqual([])
        const { metadata: _a, status: _b, ...content } = made
        const { metadata: _c, status: _d, ...expected } = applyDefaults(object as never) as unknown as JsonObject
        expect(differences(content, expected)).toEqual([])
        fieldsSet(made, { ref: resource.schema }, set)

        const path = pathOf(resource, { ...namespace, name: made.metadata.name })
        if (resource.subresources.some(({ name }) => name === "status") && status !== undefined) {
          const told = await server.json("PUT", `${path}/status?fieldValidation=Strict`, { ...made, status })
          expect(differences(status, told.status)).toEqual([])
          fieldsSet(told, { ref: resource.schema }, set)
        }
        const read = await server.json("GET", path)
        expect(await server.json("PUT", path, read)).toEqual(read)
        await server.json(
          "PATCH",
          path,
          { metadata: { finalizers: null } },
          { headers: { "content-type": "application/merge-patch+json" } }
        )
        await server.send("DELETE", `${path}?gracePeriodSeconds=0&propagationPolicy=Background`)
      }
    })
  }
})

test("v1 Pod with a container for looking around", async () => {
  const path = "/api/v1/namespaces/default/pods"
  const [way] = fill(hints)("io.k8s.api.core.v1.Pod")
  const { status: _, ...pod } = objectOf(stored.find(({ kind }) => kind === "Pod")!, way)
  const made = await server.json("POST", path, pod)
  const ephemeralContainers = fill(hints)("io.k8s.api.core.v1.EphemeralContainer")
  const spec = { ...made.spec, ephemeralContainers }
  const changed = await server.json("PUT", `${path}/maximal/ephemeralcontainers?fieldValidation=Strict`, { ...made, spec })
  expect(differences(ephemeralContainers, changed.spec.ephemeralContainers)).toEqual([])
  fieldsSet(changed, { ref: "io.k8s.api.core.v1.Pod" }, set)
})

test("every field of every kind was in some object", () => {
  const all = new Set<string>()
  for (const { schema } of stored) fieldsOf(schema, new Set(), all)
  const missing = [...all].filter((field) => !set.has(field) && !servers.includes(field.slice(field.lastIndexOf(".") + 1))).sort()
  expect(missing).toEqual([...unsettable].sort())
})
