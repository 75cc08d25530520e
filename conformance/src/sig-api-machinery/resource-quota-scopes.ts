/** ResourceQuota that counts only some of a namespace's pods. @module */
import { type PodSpec, pods, type ResourceQuota, resourcequotas } from "@tsukube/api/core-v1"
import { awaitPodGone, pausePod } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual } from "../suite.ts"

type Amounts = Readonly<Record<string, string>>

type Scope = "BestEffort" | "NotBestEffort" | "NotTerminating" | "Terminating"

interface Pair {
  /** The scope that the pod is in, and the one that it is not in. */
  readonly inside: Scope
  readonly outside: Scope
  readonly spec: Partial<PodSpec>
  /** What a pod of that spec uses of the quota. */
  readonly amounts: Amounts
}

const zero = (amounts: Amounts): Amounts => Object.fromEntries(Object.keys(amounts).map((name) => [name, "0"]))

const quota = ({ namespace }: Cluster, scope: Scope, hard: Amounts): ResourceQuota => ({
  metadata: { namespace, name: `quota-${scope.toLowerCase()}` },
  spec: { hard, scopes: [scope] }
})

const awaitUsed = ({ client, namespace, eventually }: Cluster, scope: Scope, used: Amounts): Promise<unknown> =>
  eventually(`the quota of ${scope} says it uses ${JSON.stringify(used)}`, async () => {
    const { status } = await client.get(resourcequotas, { namespace, name: `quota-${scope.toLowerCase()}` })
    expectEqual(status?.used, used, "status.used")
    return true
  })

const run = async (cluster: Cluster, hard: Amounts, pairs: ReadonlyArray<Pair>): Promise<void> => {
  const { client, namespace } = cluster
  const scopes = [...new Set(pairs.map(({ inside }) => inside))]
  for (const scope of scopes) await client.create(resourcequotas, quota(cluster, scope, hard))
  for (const scope of scopes) await awaitUsed(cluster, scope, zero(hard))
  for (const { inside, outside, spec, amounts } of pairs) {
    const name = `pod-${inside.toLowerCase()}`
    await client.create(pods, pausePod(cluster, name, {}, spec))
    await awaitUsed(cluster, inside, { ...zero(hard), ...amounts })
    // The first quota has seen the pod, so the second one has had it before it as well.
    await awaitUsed(cluster, outside, zero(hard))
    await client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0 })
    await awaitPodGone(cluster, name)
    await awaitUsed(cluster, inside, zero(hard))
  }
}

const containers = ({ image }: Cluster) => {
  const resources = { requests: { cpu: "100m", memory: "50Mi" }, limits: { cpu: "200m", memory: "100Mi" } }
  return [{ name: "main", image, resources }]
}

const bestEffort: ConformanceTest = {
  name: "[sig-api-machinery] ResourceQuota should verify ResourceQuota with best effort scope.",
  run: (cluster) =>
    run(cluster, { pods: "5" }, [
      { inside: "BestEffort", outside: "NotBestEffort", spec: {}, amounts: { pods: "1" } },
      { inside: "NotBestEffort", outside: "BestEffort", spec: { containers: containers(cluster) }, amounts: { pods: "1" } }
    ])
}

const terminating: ConformanceTest = {
  name: "[sig-api-machinery] ResourceQuota should verify ResourceQuota with terminating scopes.",
  run: (cluster) => {
    const hard = { pods: "5", "requests.cpu": "1", "requests.memory": "500Mi", "limits.cpu": "2", "limits.memory": "1Gi" }
    const amounts = {
      pods: "1",
      "requests.cpu": "100m",
      "requests.memory": "50Mi",
      "limits.cpu": "200m",
      "limits.memory": "100Mi"
    }
    const spec = { containers: containers(cluster) }
    return run(cluster, hard, [
      { inside: "NotTerminating", outside: "Terminating", spec, amounts },
      { inside: "Terminating", outside: "NotTerminating", spec: { ...spec, activeDeadlineSeconds: 3600 }, amounts }
    ])
  }
}

export const resourceQuotaScopes: ReadonlyArray<ConformanceTest> = [bestEffort, terminating]
