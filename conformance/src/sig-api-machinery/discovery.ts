/** How a client finds out what the server serves: version, groups, resources. @module */
import { findResource } from "@tsukube/api"
import { expectDiscovered } from "../api-operations.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectThat, present } from "../suite.ts"

type Client = Cluster["client"]

interface GroupVersion {
  readonly groupVersion: string
  readonly version: string
}

interface Group {
  readonly name: string
  readonly versions: ReadonlyArray<GroupVersion>
  readonly preferredVersion?: GroupVersion
}

const read = async <A>(client: Client, path: string, accept?: string): Promise<A> =>
  (await client.request({ path, ...(accept === undefined ? {} : { accept }) })).json() as Promise<A>

const serverVersion: ConformanceTest = {
  name: "[sig-api-machinery] server version should find the server version",
  run: async ({ client }) => {
    const { major, minor, gitVersion } = await read<Record<string, string>>(client, "/version")
    expectThat(/^[1-9]\d*$/.test(major ?? ""), `the major version is a number: ${major}`)
    // Vendors may add a "+" to the minor version.
    expectThat(/^[1-9]\d*\D*$/.test(minor ?? ""), `the minor version begins with a number: ${minor}`)
    expectThat(gitVersion?.startsWith(`v${major}.`) === true, `gitVersion agrees: ${gitVersion}`)
  }
}

const preferredVersion: ConformanceTest = {
  name: "[sig-api-machinery] Discovery should validate PreferredVersion for each APIGroup",
  run: async ({ client }) => {
    const { groups } = await read<{ groups: ReadonlyArray<Group> }>(client, "/apis")
    expectThat(groups.length > 0, "/apis has groups")
    for (const { name } of groups) {
      const group = await read<Group>(client, `/apis/${name}`)
      const preferred = present(group.preferredVersion, `the preferred version of ${name}`)
      expectThat(
        group.versions.some((one) => one.groupVersion === preferred.groupVersion && one.version === preferred.version),
        `${preferred.groupVersion} is among the versions of ${name}`
      )
    }
  }
}

/** One resource of every group that has had a version 1 for years. */
const everywhere = [
  ["admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"],
  ["apiextensions.k8s.io", "v1", "customresourcedefinitions"],
  ["apiregistration.k8s.io", "v1", "apiservices"],
  ["apps", "v1", "deployments"],
  ["authentication.k8s.io", "v1", "tokenreviews"],
  ["authorization.k8s.io", "v1", "selfsubjectaccessreviews"],
  ["autoscaling", "v1", "horizontalpodautoscalers"],
  ["autoscaling", "v2", "horizontalpodautoscalers"],
  ["batch", "v1", "jobs"],
  ["certificates.k8s.io", "v1", "certificatesigningrequests"],
  ["coordination.k8s.io", "v1", "leases"],
  ["discovery.k8s.io", "v1", "endpointslices"],
  ["events.k8s.io", "v1", "events"],
  ["networking.k8s.io", "v1", "ingresses"],
  ["node.k8s.io", "v1", "runtimeclasses"],
  ["policy", "v1", "poddisruptionbudgets"],
  ["scheduling.k8s.io", "v1", "priorityclasses"],
  ["storage.k8s.io", "v1", "storageclasses"]
] as const

const groupResources: ConformanceTest = {
  name: "[sig-api-machinery] Discovery should locate the groupVersion and a resource within each APIGroup",
  run: async (cluster) => {
    for (const [group, version, plural] of everywhere) {
      await expectDiscovered(cluster, present(findResource(group, version, plural), `${plural} in our catalog`))
    }
  }
}

const aggregatedAccept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

interface AggregatedList {
  readonly kind: string
  readonly apiVersion: string
  readonly items: ReadonlyArray<{
    readonly metadata: { readonly name?: string }
    readonly versions: ReadonlyArray<{
      readonly version: string
      readonly resources: ReadonlyArray<{
        readonly resource: string
        readonly scope: string
        readonly verbs: ReadonlyArray<string>
      }>
    }>
  }>
}

const aggregated: ConformanceTest = {
  name: "[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface",
  run: async ({ client }) => {
    const [core, named] = await Promise.all([
      read<AggregatedList>(client, "/api", aggregatedAccept),
      read<AggregatedList>(client, "/apis", aggregatedAccept)
    ])
    const wanted = [["", "v1", "pods"], ["", "v1", "namespaces"], ...everywhere] as const
    for (const [group, version, plural] of wanted) {
      const found = [...core.items, ...named.items]
        .find(({ metadata }) => (metadata.name ?? "") === group)
        ?.versions.find((one) => one.version === version)
        ?.resources.find(({ resource }) => resource === plural)
      const { verbs } = present(found, `${plural} of ${group}/${version} in aggregated discovery`)
      expectThat(verbs.length > 0, `${plural} has verbs`)
    }
  }
}

const rawAggregated: ConformanceTest = {
  name: "[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery endpoint Accept headers",
  run: async ({ client }) => {
    for (const path of ["/api", "/apis"]) {
      const response = await client.request({ path, accept: aggregatedAccept })
      const type = response.headers.get("content-type") ?? ""
      for (const part of ["g=apidiscovery.k8s.io", "v=v2", "as=APIGroupDiscoveryList"]) {
        expectThat(type.includes(part), `the content type of ${path} says ${part}: ${type}`)
      }
      const { kind, apiVersion } = (await response.json()) as AggregatedList
      expectEqual([kind, apiVersion], ["APIGroupDiscoveryList", "apidiscovery.k8s.io/v2"], `kind and version of ${path}`)
      // A client that knows only the old form, or prefers what no server has, is served as ever.
      const old = path === "/api" ? "APIVersions" : "APIGroupList"
      const { kind: plain } = await read<{ kind: string }>(client, path, "application/json")
      expectEqual(plain, old, `the kind of ${path} as plain JSON`)
      const unknown = `${aggregatedAccept.replace("v=v2", "v=v0")},application/json`
      expectEqual((await read<{ kind: string }>(client, path, unknown)).kind, old, `the kind of ${path} for an unknown version`)
    }
  }
}

export const discovery: ReadonlyArray<ConformanceTest> = [
  serverVersion,
  preferredVersion,
  groupResources,
  aggregated,
  rawAggregated
]
