/** The same life for an object of every kind: create, read, put back unchanged, apply, delete. @module */
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { allResources, apiVersionOf, checkStructure, isObject, pathOf, type Resource } from "@tsukube/api"
import { type Answer, type Running, startServer } from "./testing/server.ts"

let server: Running
beforeAll(async () => {
  server = await startServer({ disableAdmissionPlugins: ["ServiceAccount"], runtimeConfig: { "api/all": true } })
})
afterAll(() => server.close())

const selector = { matchLabels: { a: "b" } }
const podSpec = { containers: [{ name: "c", image: "x" }] }
const template = { metadata: { labels: { a: "b" } }, spec: podSpec }
const rbac = { apiGroup: "rbac.authorization.k8s.io" }
const storage = { resources: { requests: { storage: "1Gi" } } }
const webhook = {
  name: "a.example.com",
  admissionReviewVersions: ["v1"],
  sideEffects: "None",
  clientConfig: { url: "https://x.example.com" }
}
const device = { spec: { devices: { requests: [{ name: "r", exactly: { deviceClassName: "d.example.com" } }] } } }
const policyMatch = {
  matchConstraints: { resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }] }
}
const time = "2026-01-01T00:00:00.000000Z"
const crd = {
  metadata: { name: "foos.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "foos", singular: "foo", kind: "Foo", listKind: "FooList" },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }]
  }
}

/** By `plural.group`: what an object needs to be valid, besides a name. */
const minimal: Readonly<Record<string, object>> = {
  "configmaps.": {},
  "endpoints.": {},
  "events.": { metadata: { name: "e", namespace: "default" }, involvedObject: { namespace: "default" } },
  "limitranges.": { spec: { limits: [] } },
  "namespaces.": {},
  "nodes.": {},
  "persistentvolumeclaims.": { spec: { accessModes: ["ReadWriteOnce"], ...storage } },
  "persistentvolumes.": { spec: { accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" }, hostPath: { path: "/x" } } },
  "pods.": { spec: podSpec },
  "podtemplates.": { template },
  "replicationcontrollers.": { spec: { selector: { a: "b" }, template } },
  "resourcequotas.": { spec: { hard: { "count/none.example.com": "1" } } },
  "secrets.": { data: { a: "Yg==" } },
  "serviceaccounts.": {},
  "services.": { spec: { ports: [{ port: 80 }] } },
  "mutatingadmissionpolicies.admissionregistration.k8s.io": {
    spec: {
      ...policyMatch,
      reinvocationPolicy: "Never",
      mutations: [{ patchType: "JSONPatch", jsonPatch: { expression: "[]" } }]
    }
  },
  "mutatingadmissionpolicybindings.admissionregistration.k8s.io": { spec: { policyName: "p" } },
  "mutatingwebhookconfigurations.admissionregistration.k8s.io": { webhooks: [webhook] },
  "validatingadmissionpolicies.admissionregistration.k8s.io": { spec: { ...policyMatch, validations: [{ expression: "true" }] } },
  "validatingadmissionpolicybindings.admissionregistration.k8s.io": { spec: { policyName: "p", validationActions: ["Deny"] } },
  "validatingwebhookconfigurations.admissionregistration.k8s.io": { webhooks: [webhook] },
  "customresourcedefinitions.apiextensions.k8s.io": crd,
  "apiservices.apiregistration.k8s.io": {
    metadata: { name: "v1.example.com" },
    spec: { group: "example.com", version: "v1", groupPriorityMinimum: 1000, versionPriority: 15 }
  },
  "controllerrevisions.apps": { revision: 1, data: { a: "b" } },
  "daemonsets.apps": { spec: { selector, template } },
  "deployments.apps": { spec: { selector, template } },
  "replicasets.apps": { spec: { selector, template } },
  "statefulsets.apps": { spec: { serviceName: "s", selector, template } },
  "horizontalpodautoscalers.autoscaling": {
    spec: { maxReplicas: 2, scaleTargetRef: { kind: "Deployment", name: "d", apiVersion: "apps/v1" } }
  },
  "cronjobs.batch": {
    spec: { schedule: "* * * * *", jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: "Never" } } } } }
  },
  "jobs.batch": { spec: { template: { spec: { ...podSpec, restartPolicy: "Never" } } } },
  "leases.coordination.k8s.io": { spec: { holderIdentity: "x", leaseDurationSeconds: 1, renewTime: time } },
  "leasecandidates.coordination.k8s.io": {
    spec: { leaseName: "l", binaryVersion: "1.36.0", emulationVersion: "1.36.0", strategy: "OldestEmulationVersion" }
  },
  "endpointslices.discovery.k8s.io": { addressType: "IPv4", endpoints: [{ addresses: ["10.0.0.1"] }] },
  "flowschemas.flowcontrol.apiserver.k8s.io": { spec: { priorityLevelConfiguration: { name: "p" }, matchingPrecedence: 100 } },
  "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": {
    spec: { type: "Limited", limited: { nominalConcurrencyShares: 1, limitResponse: { type: "Reject" } } }
  },
  "ingressclasses.networking.k8s.io": { spec: { controller: "example.com/c" } },
  "ingresses.networking.k8s.io": { spec: { defaultBackend: { service: { name: "s", port: { number: 80 } } } } },
  "ipaddresses.networking.k8s.io": {
    metadata: { name: "192.0.2.1" },
    spec: { parentRef: { resource: "services", namespace: "default", name: "s" } }
  },
  "networkpolicies.networking.k8s.io": { spec: { podSelector: {} } },
  "servicecidrs.networking.k8s.io": { spec: { cidrs: ["192.0.2.0/24"] } },
  "runtimeclasses.node.k8s.io": { handler: "runc" },
  "poddisruptionbudgets.policy": { spec: { minAvailable: 1, selector } },
  "clusterrolebindings.rbac.authorization.k8s.io": {
    roleRef: { ...rbac, kind: "ClusterRole", name: "r" },
    subjects: [{ ...rbac, kind: "User", name: "u" }]
  },
  "clusterroles.rbac.authorization.k8s.io": { rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] },
  "rolebindings.rbac.authorization.k8s.io": {
    roleRef: { ...rbac, kind: "Role", name: "r" },
    subjects: [{ ...rbac, kind: "User", name: "u" }]
  },
  "roles.rbac.authorization.k8s.io": { rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] },
  "deviceclasses.resource.k8s.io": { spec: {} },
  "resourceclaims.resource.k8s.io": device,
  "resourceclaimtemplates.resource.k8s.io": { spec: device },
  "resourceslices.resource.k8s.io": {
    spec: {
      driver: "d.example.com",
      nodeName: "n",
      pool: { name: "p", generation: 1, resourceSliceCount: 1 },
      devices: [{ name: "d" }]
    }
  },
  "priorityclasses.scheduling.k8s.io": { value: 1 },
  "csidrivers.storage.k8s.io": { spec: {} },
  "csinodes.storage.k8s.io": { spec: { drivers: [] } },
  "csistoragecapacities.storage.k8s.io": { storageClassName: "s" },
  "storageclasses.storage.k8s.io": { provisioner: "p.example.com" },
  "volumeattachments.storage.k8s.io": {
    spec: { attacher: "a.example.com", nodeName: "n", source: { persistentVolumeName: "v" } }
  },
  "volumeattributesclasses.storage.k8s.io": { driverName: "d.example.com", parameters: { a: "b" } }
}

/** Whether all that `part` says stands in `whole`; lists are compared as long as they are. */
const contains = (whole: unknown, part: unknown): boolean => {
  if (Array.isArray(part)) return Array.isArray(whole) && part.every((item, i) => contains(whole[i], item))
  if (isObject(part)) return isObject(whole) && Object.entries(part).every(([key, value]) => contains(whole[key], value))
  return whole === part
}

/** The resource as it is stored first: other versions have tests of their own. */
const preferred = (key: string): Resource => {
  const [plural = "", ...group] = key.split(".")
  const found = allResources.filter((resource) => resource.plural === plural && resource.group === group.join("."))
  return (
    found.find(({ servedByDefault, version }) => servedByDefault && version === "v2") ??
    found.find(({ servedByDefault }) => servedByDefault) ??
    found[0]!
  )
}

/** Its request must be signed, which `verbs/subresources.test.ts` and the admission tests do. */
const elsewhere = ["certificatesigningrequests.certificates.k8s.io", "events.events.k8s.io"]

test("no stable kind is forgotten", () => {
  const stored = allResources.filter(
    ({ servedByDefault, verbs }) => servedByDefault && verbs.includes("create") && verbs.includes("delete")
  )
  const names = new Set(stored.map(({ plural, group }) => `${plural}.${group}`))
  expect([...names].filter((name) => minimal[name] === undefined).sort()).toEqual(elsewhere)
})

describe("every kind", () => {
  for (const [key, body] of Object.entries(minimal)) {
    test(`${key}: created, read, put back, applied, deleted`, async () => {
      const resource = preferred(key)
      const namespace = resource.namespaced ? { namespace: "default" } : {}
      const { metadata = {}, ...rest } = body as { readonly metadata?: { readonly name?: string } }
      const name = metadata.name ?? "every-kind"
      const object = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: { ...metadata, name }, ...rest }
      expect(checkStructure(object, resource.schema).unknown).toEqual([])

      const made = await server.json("POST", `${pathOf(resource, namespace)}?fieldManager=maker&fieldValidation=Strict`, object)
      expect([key, contains(made, object)]).toEqual([key, true])
      const path = pathOf(resource, { ...namespace, name })
      const read = await server.json("GET", path)
      expect(read).toEqual(made)
      // What was read is valid, complete and nothing new: neither a put nor an apply of the same makes another version of it.
      const put = await server.json("PUT", `${path}?fieldManager=maker`, read)
      expect(put).toEqual(read)
      const yaml = { headers: { "content-type": "application/apply-patch+yaml" } }
      const applied = await server.json("PATCH", `${path}?fieldManager=applier&force=true`, object, yaml)
      const content = ({ metadata: { managedFields: _a, resourceVersion: _b, ...others }, ...more }: Answer) => ({
        ...more,
        metadata: others
      })
      expect(content(applied)).toEqual(content(read))
      const again = await server.json("PATCH", `${path}?fieldManager=applier&force=true`, object, yaml)
      expect(again.metadata.resourceVersion).toBe(applied.metadata.resourceVersion)
      const table = await server.json("GET", path, undefined, {
        headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" }
      })
      expect(table.rows[0].cells[0]).toBe(key === "events." ? table.rows[0].cells[0] : name)
      expect((await server.send("DELETE", path)).status).toBe(200)
    })
  }
})
