import { describe, expect, test } from "bun:test"
import { applyDefaults } from "../defaults/apply.ts"
import type { KubernetesObject } from "../resource.ts"
import { StatusError } from "../status.ts"
import { type Deployment, deployments } from "../types/apps-v1.ts"
import { type ConfigMap, configmaps, type Pod, pods, type Service, services } from "../types/core-v1.ts"
import { type ApplyPatch, applyPatch } from "./apply.ts"
import type { TrackedKind } from "./reset-fields.ts"
import { managedFieldsFromScale, scaleManagedFields } from "./scale.ts"
import { trackUpdate } from "./track.ts"

const now = "2026-01-01T00:00:00Z"
const later = "2026-01-02T00:00:00Z"

const entries = (object: KubernetesObject): ReadonlyArray<string> =>
  (object.metadata?.managedFields ?? []).map(({ manager, operation, subresource, fieldsV1 }) =>
    [manager, operation, ...(subresource === undefined ? [] : [subresource]), JSON.stringify(fieldsV1)].join(" ")
  )

const refusal = <T extends KubernetesObject>(patch: ApplyPatch<T>): StatusError => {
  try {
    applyPatch(patch)
  } catch (error) {
    if (error instanceof StatusError) return error
    throw error
  }
  throw new Error("was not refused")
}

const configMap = (data: Record<string, string>, labels?: Record<string, string>): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "test-cm", namespace: "default", ...(labels === undefined ? {} : { labels }) },
  data
})

const applyMap = (live: ConfigMap | undefined, applied: ConfigMap, manager: string, force = false): ConfigMap =>
  applyPatch({ kind: configmaps, live, applied, manager, force, now })

const deployment = (spec: unknown, extra: object = {}): Deployment =>
  ({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: "default", ...extra }, spec }) as Deployment

const template = (container: object): object => ({ template: { spec: { containers: [{ name: "nginx", ...container }] } } })

const whole = deployment({
  replicas: 1,
  selector: { matchLabels: { app: "web" } },
  template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "nginx", image: "nginx", resources: {} }] } }
})

describe("the first apply", () => {
  test("creates the object, owned as far as it was applied", () => {
    const created = applyMap(undefined, configMap({ key: "some value" }, { "test-label": "test" }), "kubectl")
    expect(created).toEqual({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: "test-cm",
        namespace: "default",
        labels: { "test-label": "test" },
        managedFields: [
          {
            manager: "kubectl",
            operation: "Apply",
            apiVersion: "v1",
            time: now,
            fieldsType: "FieldsV1",
            fieldsV1: { "f:data": { "f:key": {} }, "f:metadata": { "f:labels": { "f:test-label": {} } } }
          }
        ]
      },
      data: { key: "some value" }
    })
  })

  test("fills in defaults, which nobody owns", () => {
    const created = applyPatch({ kind: deployments, live: undefined, applied: whole, manager: "me", now })
    expect(created.spec?.template?.spec?.containers?.[0]?.imagePullPolicy).toBe("Always")
    expect(entries(created)).toEqual([
      'me Apply {"f:spec":{"f:replicas":{},"f:selector":{},"f:template":{"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:containers":{"k:{\\"name\\":\\"nginx\\"}":{".":{},"f:image":{},"f:name":{},"f:resources":{}}}}}}}'
    ])
  })

  test("to an object that nobody tracked makes what is there somebody's", () => {
    const live = configMap({ a: "1" })
    expect(entries(applyMap(live, configMap({ b: "2" }), "me"))).toEqual([
      'me Apply {"f:data":{"f:b":{}}}',
      'before-first-apply Update {"f:data":{".":{},"f:a":{}}}'
    ])
    expect(refusal({ kind: configmaps, live, applied: configMap({ a: "2" }), manager: "me", now }).message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.a'
    )
  })

  test("of the same again changes nothing at all", () => {
    const created = applyPatch({ kind: deployments, live: undefined, applied: whole, manager: "me", now })
    expect(applyPatch({ kind: deployments, live: created, applied: whole, manager: "me", now: later })).toBe(created)
  })
})

test("what is empty is owned, but changes nothing when it is applied again", () => {
  const first = applyMap(undefined, configMap({ a: "1" }, {}), "me")
  expect(first.metadata?.labels).toBeUndefined()
  expect(entries(first)).toEqual(['me Apply {"f:data":{"f:a":{}},"f:metadata":{"f:labels":{}}}'])
  expect(applyPatch({ kind: configmaps, live: first, applied: configMap({ a: "1" }, {}), manager: "me", now: later })).toBe(first)
})

test("what kubectl prints of an object can be applied, times and all", () => {
  const live = applyPatch({ kind: deployments, live: undefined, applied: whole, manager: "me", now })
  const stored = { ...live, metadata: { ...live.metadata, creationTimestamp: now, generation: 1, uid: "u" } }
  const printed = { ...whole, metadata: { name: "web", creationTimestamp: null }, status: {} } as unknown as Deployment
  const again = applyPatch({ kind: deployments, live: stored, applied: printed, manager: "me", now: later })
  expect(again).toBe(stored)
})

describe("conflicts", () => {
  const live = trackUpdate({ kind: deployments, before: undefined, after: applyDefaults(whole), manager: "kubectl-create", now })

  test("one is one sentence", () => {
    const client = trackUpdate({
      kind: deployments,
      before: undefined,
      after: applyDefaults(whole),
      manager: "kubectl-client-side-apply",
      now
    })
    const error = refusal({ kind: deployments, live: client, applied: deployment({ replicas: 3 }), manager: "me", now })
    expect(error.status).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: 'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas',
      reason: "Conflict",
      details: {
        causes: [
          {
            reason: "FieldManagerConflict",
            message: 'conflict with "kubectl-client-side-apply" using apps/v1',
            field: ".spec.replicas"
          }
        ]
      },
      code: 409
    })
  })

  test("several are listed by manager, appliers without a version, subresources by name", () => {
    const applied = applyPatch({ kind: deployments, live, applied: deployment({ paused: true }), manager: "gitops", now })
    const scaled = trackUpdate({
      kind: deployments,
      before: applied,
      after: { ...applied, spec: { ...applied.spec, replicas: 5 } } as Deployment,
      manager: "hpa",
      subresource: "scale",
      now
    })
    const change = deployment({ replicas: 2, paused: false, ...template({ image: "nginx:2", imagePullPolicy: "Never" }) })
    expect(refusal({ kind: deployments, live: scaled, applied: change, manager: "me", now }).message).toBe(
      [
        'Apply failed with 4 conflicts: conflicts with "gitops":',
        "- .spec.paused",
        'conflicts with "hpa" with subresource "scale" using apps/v1:',
        "- .spec.replicas",
        'conflicts with "kubectl-create" using apps/v1:',
        '- .spec.template.spec.containers[name="nginx"].image',
        '- .spec.template.spec.containers[name="nginx"].imagePullPolicy'
      ].join("\n")
    )
  })

  test("are none when the value is the same: the field has two owners", () => {
    const shared = applyPatch({ kind: deployments, live, applied: deployment({ replicas: 1 }), manager: "me", now: later })
    expect(entries(shared)[0]).toBe('me Apply {"f:spec":{"f:replicas":{}}}')
    expect(entries(shared)[1]).toContain('"f:replicas":{}')
  })

  test("are settled by force: the fields change hands", () => {
    const forced = applyPatch({
      kind: deployments,
      live,
      applied: deployment({ replicas: 3 }),
      manager: "me",
      force: true,
      now: later
    })
    expect(forced.spec?.replicas).toBe(3)
    expect(entries(forced)[0]).toBe('me Apply {"f:spec":{"f:replicas":{}}}')
    expect(entries(forced)[1]).not.toContain("f:replicas")
  })
})

describe("what is no longer applied", () => {
  const ports = (...numbers: ReadonlyArray<number>): object =>
    template({ image: "nginx", ports: numbers.map((containerPort) => ({ containerPort })) })

  test("goes, when nobody else owns it", () => {
    const first = applyMap(undefined, configMap({ a: "1", b: "2" }, { x: "1" }), "me")
    const second = applyMap(first, configMap({ a: "1" }), "me")
    expect(second.data).toEqual({ a: "1" })
    expect(second.metadata?.labels).toBeUndefined()
    expect(entries(second)).toEqual(['me Apply {"f:data":{"f:a":{}}}'])
  })

  test("stays, as long as somebody else owns it", () => {
    const first = applyMap(undefined, configMap({ a: "1", b: "2" }), "me")
    const both = applyMap(first, configMap({ b: "2" }), "you")
    const given = applyMap(both, configMap({ a: "1" }), "me")
    expect(given.data).toEqual({ a: "1", b: "2" })
    expect(applyMap(given, configMap({}), "you").data).toEqual({ a: "1" })
  })

  test("goes from nested lists by their keys, of which a default is one", () => {
    const first = applyPatch({
      kind: deployments,
      live: undefined,
      applied: deployment({ selector: { matchLabels: { a: "b" } }, ...ports(80, 443) }),
      manager: "me",
      now
    })
    const second = applyPatch({
      kind: deployments,
      live: first,
      applied: deployment(
        template({
          ports: [
            { containerPort: 443, protocol: "TCP", name: "tls" },
            { containerPort: 443, protocol: "UDP" }
          ]
        })
      ),
      manager: "you",
      now
    })
    const third = applyPatch({
      kind: deployments,
      live: second,
      applied: deployment({ selector: { matchLabels: { a: "b" } }, ...ports() }),
      manager: "me",
      now
    })
    expect(third.spec?.template?.spec?.containers?.[0]?.ports).toEqual([
      { containerPort: 443, protocol: "TCP", name: "tls" },
      { containerPort: 443, protocol: "UDP" }
    ])
    expect(entries(third)[1]).toBe(
      'you Apply {"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\\"name\\":\\"nginx\\"}":{".":{},"f:name":{},"f:ports":{"k:{\\"containerPort\\":443,\\"protocol\\":\\"TCP\\"}":{".":{},"f:containerPort":{},"f:name":{},"f:protocol":{}},"k:{\\"containerPort\\":443,\\"protocol\\":\\"UDP\\"}":{".":{},"f:containerPort":{},"f:protocol":{}}}}}}}}}'
    )
  })

  test("of sets goes by value, of atomic lists and maps as a whole", () => {
    const pod = (metadata: object, spec: object): Pod =>
      ({ apiVersion: "v1", kind: "Pod", metadata: { name: "p", ...metadata }, spec }) as Pod
    const apply = (live: Pod | undefined, applied: Pod, manager: string): Pod =>
      applyPatch({ kind: pods, live, applied, manager, now })
    const containers = [{ name: "c", image: "i", args: ["a", "b"] }]
    const first = apply(undefined, pod({ finalizers: ["x.y/a", "x.y/b"] }, { containers, nodeSelector: { a: "b" } }), "me")
    expect(entries(first)).toEqual([
      'me Apply {"f:metadata":{"f:finalizers":{"v:\\"x.y/a\\"":{},"v:\\"x.y/b\\"":{}}},"f:spec":{"f:containers":{"k:{\\"name\\":\\"c\\"}":{".":{},"f:args":{},"f:image":{},"f:name":{}}},"f:nodeSelector":{}}}'
    ])
    const second = apply(first, pod({ finalizers: ["x.y/c"] }, {}), "you")
    expect(second.metadata?.finalizers).toEqual(["x.y/a", "x.y/b", "x.y/c"])
    const third = apply(second, pod({ finalizers: ["x.y/b"] }, { containers: [{ name: "c", image: "i" }] }), "me")
    expect(third.metadata?.finalizers).toEqual(["x.y/b", "x.y/c"])
    expect(third.spec?.nodeSelector).toBeUndefined()
    expect(third.spec?.containers?.[0]?.args).toBeUndefined()
  })
})

describe("kubectl after client-side apply", () => {
  const config = configMap({ a: "1", b: "2" })
  const annotated = {
    ...config,
    metadata: {
      ...config.metadata,
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": `${JSON.stringify(config)}\n` }
    }
  }
  const live = trackUpdate({ kind: configmaps, before: undefined, after: annotated, manager: "kubectl-client-side-apply", now })

  test("takes over what it applied, without force, and keeps the annotation in step", () => {
    const applied = applyMap(live, configMap({ a: "9", b: "2" }), "kubectl")
    expect(applied.data).toEqual({ a: "9", b: "2" })
    expect(applied.metadata?.annotations).toEqual({
      "kubectl.kubernetes.io/last-applied-configuration":
        '{"apiVersion":"v1","data":{"a":"9","b":"2"},"kind":"ConfigMap","metadata":{"name":"test-cm","namespace":"default"}}\n'
    })
    expect(entries(applied)[0]).toBe('kubectl Apply {"f:data":{"f:a":{},"f:b":{}}}')
  })

  test("conflicts over what others changed since, and others always do", () => {
    const changed = trackUpdate({
      kind: configmaps,
      before: live,
      after: { ...live, data: { a: "5", b: "2" } },
      manager: "edit",
      now
    })
    const patch = { kind: configmaps, live: changed, applied: configMap({ a: "9", b: "8" }), now }
    expect(refusal({ ...patch, manager: "kubectl" }).message).toBe(
      'Apply failed with 1 conflict: conflict with "edit" using v1: .data.a'
    )
    expect(refusal({ ...patch, manager: "other" }).message).toStartWith("Apply failed with 2 conflicts: conflicts with")
  })
})

describe("bad patches", () => {
  const patch = (applied: unknown, kind: TrackedKind<KubernetesObject> = deployments): StatusError =>
    refusal({ kind, live: undefined, applied: applied as KubernetesObject, manager: "me", now })

  test("without a manager, of another kind, with managedFields", () => {
    const nameless = refusal({ kind: deployments, live: undefined, applied: whole, manager: "", now })
    expect([nameless.code, nameless.message]).toEqual([
      422,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
    ])
    expect([patch({ apiVersion: "v1", kind: "Pod" }).code, patch({ apiVersion: "v1", kind: "Pod" }).message]).toEqual([
      400,
      "invalid object type: /v1, Kind=Pod"
    ])
    expect(patch({ ...whole, metadata: { managedFields: [] } }).message).toBe("metadata.managedFields must be nil")
  })

  test("that are not of the schema", () => {
    const start = "failed to create typed patch object (default/web; apps/v1, Kind=Deployment): "
    for (const [spec, message] of [
      [{ foo: 1 }, ".spec.foo: field not declared in schema"],
      [{ replicas: "3" }, ".spec.replicas: expected numeric (int or float), got string"],
      [
        template({ image: 5 }),
        '.spec.template.spec.containers[name="nginx"].image: expected string, got &value.valueUnstructured{Value:5}'
      ],
      [{ paused: "yes" }, ".spec.paused: expected boolean, got &{yes}"],
      [{ template: [] }, ".spec.template: expected map, got &{[]}"],
      [
        { template: { spec: { containers: { b: 1, a: "x" } } } },
        ".spec.template.spec.containers: expected list, got &{map[a:x b:1]}"
      ],
      [
        { template: { spec: { containers: [{ name: "a" }, { name: "a" }] } } },
        '.spec.template.spec.containers: duplicate entries for key [name="a"]'
      ],
      [
        { template: { spec: { containers: ["a"] } } },
        ".spec.template.spec.containers: element 0: associative list with keys may not have non-map elements"
      ],
      [{ template: [], foo: 1 }, "errors:\n  .spec.template: expected map, got &{[]}\n  .spec.foo: field not declared in schema"]
    ] as const) {
      const error = patch(deployment(spec))
      expect([error.code, error.message]).toEqual([400, start + message])
    }
  })
})

describe("the scale of an object", () => {
  test("knows who owns the replicas, and gives them to who scales", () => {
    const live = applyPatch({ kind: deployments, live: undefined, applied: whole, manager: "me", now })
    const scaleKind = { group: "autoscaling", version: "v1", kind: "Scale", schema: "io.k8s.api.autoscaling.v1.Scale" }
    const managedFields = scaleManagedFields(live.metadata?.managedFields, deployments)
    const before = {
      apiVersion: "autoscaling/v1",
      kind: "Scale",
      metadata: { name: "web", ...(managedFields === undefined ? {} : { managedFields }) },
      spec: { replicas: 1 }
    }
    expect(entries(before)).toEqual(['me Apply {"f:spec":{"f:replicas":{}}}'])
    const after = trackUpdate({
      kind: scaleKind,
      before,
      after: { ...before, spec: { replicas: 4 } },
      manager: "hpa",
      subresource: "scale",
      now
    })
    const result = managedFieldsFromScale(live.metadata?.managedFields, after.metadata.managedFields, deployments)
    expect(result?.map(({ manager, apiVersion, subresource }) => [manager, apiVersion, subresource])).toEqual([
      ["me", "apps/v1", undefined],
      ["hpa", "apps/v1", "scale"]
    ])
    expect(JSON.stringify(result?.[0]?.fieldsV1)).not.toContain("f:replicas")
    expect(managedFieldsFromScale(live.metadata?.managedFields, managedFields, deployments)).toEqual(live.metadata?.managedFields)
  })
})

describe("the order of lists", () => {
  const port = (number: number): object => ({ port: number, name: `p${number}` })
  const apply = (live: Service | undefined, manager: string, ...numbers: ReadonlyArray<number>): Service =>
    applyPatch({
      kind: services,
      live,
      applied: { apiVersion: "v1", kind: "Service", metadata: { name: "s" }, spec: { ports: numbers.map(port) } } as Service,
      manager,
      now
    })
  const order = (service: Service): ReadonlyArray<number | undefined> => (service.spec?.ports ?? []).map((each) => each.port)

  test("is the applied one, items of others keep their place", () => {
    const first = apply(undefined, "a", 1, 2, 3)
    expect(order(apply(first, "b", 4, 5))).toEqual([1, 2, 3, 4, 5])
    expect(order(apply(first, "b", 4, 2))).toEqual([1, 4, 2, 3])
    expect(order(apply(first, "b", 3, 1))).toEqual([2, 3, 1])
    expect(order(apply(first, "a", 3, 2, 1))).toEqual([3, 2, 1])
  })
})
