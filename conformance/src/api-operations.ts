/** The shape of the many "API operations" tests: every verb of one resource, in the order in which a client would use them. @module */
import { apiVersionOf, type KubernetesObject, pathOf, type Resource } from "@tsukube/api"
import type { Selection } from "@tsukube/client"
import { observe } from "./observe.ts"
import {
  type Cluster,
  type ConformanceTest,
  expectEqual,
  expectRefused,
  expectThat,
  present,
  retryOnConflict,
  unlessGone
} from "./suite.ts"

/** What the shape needs to know of a resource. */
export interface ApiOperations<T extends KubernetesObject> {
  /** A valid object but for its metadata, which the shape writes; `index` is 0, 1 or 2, for names that must differ. */
  readonly make: (index: number, cluster: Cluster) => T | Promise<T>
  /** The name of an object, where the kind prescribes one; default is a generated one. */
  readonly nameOf?: (index: number) => string
  /** A change of the spec, made by the update, and whether it is there. */
  readonly change?: (object: T) => T
  readonly changed?: (object: T) => boolean
  /** For kinds with a status: a merge patch of it, a whole new one by update, and what must hold then. */
  readonly status?: {
    readonly patch: unknown
    readonly patched: (object: T) => boolean
    readonly update: (object: T) => T
    readonly updated: (object: T) => boolean
  }
  /** Further steps on an object that is there, between update and delete. */
  readonly also?: (object: T, cluster: Cluster) => Promise<void>
}

const annotation = "conformance.example.com/change"

/** Makes tests of all verbs of the resource; in two steps, so that the second one knows the type of its objects. */
export const apiOperations =
  <T extends KubernetesObject>(resource: Resource<T>) =>
  (name: string, operations: ApiOperations<T>): ConformanceTest => ({
    name,
    run: (cluster) => runOperations(cluster, resource, operations)
  })

/** The same as a plain function, for tests that go over several resources. */
export const runOperations = async <T extends KubernetesObject>(
  cluster: Cluster,
  resource: Resource<T>,
  operations: ApiOperations<T>
): Promise<void> => {
  const { client, eventually } = cluster
  const label = { "conformance-run": cluster.unique("run") }
  const labelSelector = `conformance-run=${label["conformance-run"]}`
  const place = resource.namespaced ? { namespace: cluster.namespace } : {}
  const everywhere: Selection = { labelSelector }
  const here: Selection = { ...place, labelSelector }
  cluster.afterwards(() => client.deleteCollection(resource, here))
  await expectDiscovered(cluster, resource)

  const before = await client.list(resource, here)
  expectEqual(before.items.length, 0, `${resource.plural} of this run before any was created`)
  using watch = observe(cluster, resource, { ...here, resourceVersion: before.metadata.resourceVersion ?? "" })

  const create = async (index: number): Promise<T> => {
    const naming = operations.nameOf === undefined ? { generateName: "conformance-" } : { name: operations.nameOf(index) }
    const object = { ...(await operations.make(index, cluster)), metadata: { ...naming, ...place, labels: label } }
    return client.create(resource, object as unknown as T)
  }
  const created = await create(0)
  const key = { ...place, name: nameOf(created) }
  expectThat(Boolean(created.metadata?.uid), `the created ${resource.kind} has a uid`)
  const again = { ...(await operations.make(0, cluster)), metadata: { ...place, name: key.name } }
  const refusal = await expectRefused(client.create(resource, again), 409, `creating ${resource.kind} ${key.name} twice`)
  expectEqual(refusal.reason, "AlreadyExists", "the reason of the refusal")
  await create(1)
  await create(2)

  expectEqual((await client.get(resource, key)).metadata?.uid, created.metadata?.uid, "the uid of the object that get returns")
  expectEqual((await client.list(resource, here)).items.length, 3, `${resource.plural} in the list`)
  expectEqual((await client.list(resource, everywhere)).items.length, 3, `${resource.plural} in the list of all namespaces`)
  await watch.next(`ADDED ${key.name}`, (event) => event.type === "ADDED" && nameOf(event.object) === key.name)

  const body = { metadata: { annotations: { [annotation]: "patched" } } }
  const patched = await client.patch(resource, key, { type: "merge", body })
  expectEqual(annotationOf(patched), "patched", "the annotation after a patch")
  const updated = await update(cluster, resource, operations, key)
  expectEqual(annotationOf(updated), "updated", "the annotation after an update")
  if (operations.changed !== undefined) expectThat(operations.changed(updated), `the update is in ${JSON.stringify(updated)}`)
  for (const value of ["patched", "updated"]) {
    await watch.next(
      `MODIFIED ${key.name} as ${value}`,
      ({ type, object }) => type === "MODIFIED" && nameOf(object) === key.name && annotationOf(object) === value
    )
  }
  if (operations.status !== undefined) await runStatus(cluster, resource, operations.status, key)
  await operations.also?.(await client.get(resource, key), cluster)

  await client.delete(resource, key)
  await eventually(`${resource.kind} ${key.name} is gone`, async () => {
    const left = await unlessGone(client.get(resource, key))
    return left === undefined || left.metadata?.uid !== created.metadata?.uid
  })
  await watch.next(`DELETED ${key.name}`, (event) => event.type === "DELETED" && nameOf(event.object) === key.name)
  expectEqual((await client.list(resource, here)).items.length, 2, `${resource.plural} after one delete`)
  await client.deleteCollection(resource, here)
  await eventually(`no ${resource.plural} are left`, async () => (await client.list(resource, here)).items.length === 0)
}

interface WithConditions {
  readonly status?: { readonly conditions?: ReadonlyArray<{ readonly type?: string }> }
}

/** The status steps of a kind whose status has conditions. */
export const statusConditions = <T extends KubernetesObject & WithConditions>(): NonNullable<ApiOperations<T>["status"]> => {
  const condition = (type: string) => ({
    type,
    status: "False",
    reason: "Conformance",
    message: `set by ${type}`,
    lastTransitionTime: "2026-01-01T00:00:00Z"
  })
  const has = (type: string) => (object: T) => object.status?.conditions?.some((one) => one.type === type) === true
  return {
    patch: { conditions: [condition("StatusPatch")] },
    patched: has("StatusPatch"),
    update: (object) => ({ ...object, status: { ...object.status, conditions: [condition("StatusUpdate")] } }),
    updated: has("StatusUpdate")
  }
}

const update = async <T extends KubernetesObject>(
  { client }: Cluster,
  resource: Resource<T>,
  { change }: ApiOperations<T>,
  key: { readonly name: string }
): Promise<T> => {
  return retryOnConflict(async () => {
    const current = await client.get(resource, key)
    const metadata = { ...current.metadata, annotations: { ...current.metadata?.annotations, [annotation]: "updated" } }
    return client.update(resource, { ...(change?.(current) ?? current), metadata })
  })
}

const runStatus = async <T extends KubernetesObject>(
  { client }: Cluster,
  resource: Resource<T>,
  status: NonNullable<ApiOperations<T>["status"]>,
  key: { readonly name: string }
): Promise<void> => {
  const options = { subresource: "status" }
  const patched = await client.patch(resource, key, { type: "merge", body: { status: status.patch } }, options)
  expectThat(status.patched(patched), `the patch of the status is in ${JSON.stringify(patched)}`)
  const updated = await retryOnConflict(async () => client.updateStatus(resource, status.update(await client.get(resource, key))))
  expectThat(status.updated(updated), `the update of the status is in ${JSON.stringify(updated)}`)
  const read = await client.get(resource, key, options)
  expectThat(status.updated(read), `the status subresource reads ${JSON.stringify(read)}`)
}

/** Fails unless the discovery documents lead to the resource, from the list of groups down. */
export const expectDiscovered = async ({ client }: Pick<Cluster, "client">, resource: Resource<unknown>): Promise<void> => {
  const read = async <A>(path: string): Promise<A> => (await client.request({ path })).json() as Promise<A>
  const groupVersion = apiVersionOf(resource)
  if (resource.group !== "") {
    const { groups } = await read<{ groups: ReadonlyArray<Group> }>("/apis")
    const group = present(
      groups.find(({ name }) => name === resource.group),
      `group ${resource.group} in /apis`
    )
    expectThat(
      group.versions.some((one) => one.groupVersion === groupVersion),
      `/apis has ${groupVersion}`
    )
    const alone = await read<Group>(`/apis/${resource.group}`)
    expectThat(
      alone.versions.some((one) => one.groupVersion === groupVersion),
      `/apis/${resource.group} has ${groupVersion}`
    )
  }
  const root = pathOf(resource).slice(0, -resource.plural.length - 1)
  const { resources } = await read<{ resources: ReadonlyArray<{ name: string; kind: string }> }>(root)
  expectThat(
    resources.some(({ name, kind }) => name === resource.plural && kind === resource.kind),
    `${root} has ${resource.plural}`
  )
}

interface Group {
  readonly name: string
  readonly versions: ReadonlyArray<{ readonly groupVersion: string; readonly version: string }>
  readonly preferredVersion?: { readonly groupVersion: string; readonly version: string }
}

const nameOf = (object: KubernetesObject): string => object.metadata?.name ?? ""

const annotationOf = (object: KubernetesObject): string | undefined => object.metadata?.annotations?.[annotation]
