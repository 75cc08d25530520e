/** API operations of the other resources of apps, batch and policy. @module */
import { controllerrevisions } from "@tsukube/api/apps-v1"
import { cronjobs } from "@tsukube/api/batch-v1"
import { type PodDisruptionBudget, poddisruptionbudgets } from "@tsukube/api/policy-v1"
import { apiOperations } from "../api-operations.ts"
import { pauseSpec } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, retryOnConflict, unlessGone } from "../suite.ts"

const cronJob = apiOperations(cronjobs)("[sig-apps] CronJob should support CronJob API operations", {
  make: (_, cluster) => ({
    spec: {
      // The 31st of February: it must never run.
      schedule: "0 0 31 2 *",
      concurrencyPolicy: "Allow",
      jobTemplate: { spec: { template: { spec: pauseSpec(cluster, { restartPolicy: "OnFailure" }) } } }
    }
  }),
  change: (object) => ({ ...object, spec: { ...object.spec!, suspend: true } }),
  changed: ({ spec }) => spec?.suspend === true,
  status: {
    patch: { lastScheduleTime: "2026-01-01T00:00:00Z" },
    patched: ({ status }) => status?.lastScheduleTime === "2026-01-01T00:00:00Z",
    update: (object) => ({ ...object, status: { ...object.status, lastScheduleTime: "2026-01-02T00:00:00Z" } }),
    updated: ({ status }) => status?.lastScheduleTime === "2026-01-02T00:00:00Z"
  }
})

const revision = apiOperations(controllerrevisions)(
  "[sig-apps] ControllerRevision should manage the lifecycle of a ControllerRevision",
  {
    make: (index) => ({ revision: index + 1, data: { spec: { template: { $patch: "replace" } } } }),
    change: (object) => ({ ...object, revision: 10 }),
    changed: (object) => object.revision === 10
  }
)

const makeBudget = ({ client, namespace }: Cluster, name: string, minAvailable: number | string): Promise<PodDisruptionBudget> =>
  client.create(poddisruptionbudgets, {
    metadata: { namespace, name, labels: { set: "budgets" } },
    spec: { minAvailable, selector: { matchLabels: { app: "budgeted" } } }
  })

const awaitProcessed = ({ client, namespace, eventually }: Cluster, name: string) =>
  eventually(`budget ${name} is processed`, async () => {
    const { metadata, status } = await client.get(poddisruptionbudgets, { namespace, name })
    expectEqual(status?.observedGeneration, metadata?.generation, "observedGeneration")
    return true
  })

const budgetLife: ConformanceTest = {
  name: "[sig-apps] DisruptionController should create a PodDisruptionBudget",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const key = { namespace, name: "budget" }
    await makeBudget(cluster, key.name, 1)
    await awaitProcessed(cluster, key.name)
    await retryOnConflict(async () => {
      const current = await client.get(poddisruptionbudgets, key)
      return client.update(poddisruptionbudgets, { ...current, spec: { ...current.spec, minAvailable: 2 } })
    })
    await awaitProcessed(cluster, key.name)
    const body = { spec: { minAvailable: "10%" } }
    const patched = await client.patch(poddisruptionbudgets, key, { type: "strategic", body })
    expectEqual(patched.spec?.minAvailable, "10%", "minAvailable after the patch")
    await client.delete(poddisruptionbudgets, key)
    await eventually("the budget is gone", async () => (await unlessGone(client.get(poddisruptionbudgets, key))) === undefined)
  }
}

const budgetCollection: ConformanceTest = {
  name: "[sig-apps] DisruptionController Listing PodDisruptionBudgets for all namespaces should list and delete a collection of PodDisruptionBudgets",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const other = await cluster.anotherNamespace()
    const label = cluster.unique("budgets")
    const make = (where: string, name: string) =>
      client.create(poddisruptionbudgets, {
        metadata: { namespace: where, name, labels: { set: label } },
        spec: { minAvailable: 1, selector: { matchLabels: { app: "budgeted" } } }
      })
    await make(namespace, "one")
    await make(namespace, "two")
    await make(other, "three")
    const names = async (where?: string) => {
      const place = where === undefined ? {} : { namespace: where }
      const { items } = await client.list(poddisruptionbudgets, { ...place, labelSelector: `set=${label}` })
      return items.map(({ metadata }) => metadata?.name).sort()
    }
    expectEqual(await names(), ["one", "three", "two"], "budgets in the list of all namespaces")
    expectEqual(await names(namespace), ["one", "two"], "budgets in the namespace")
    await client.deleteCollection(poddisruptionbudgets, { namespace, labelSelector: `set=${label}` })
    await eventually("the budgets of the namespace are gone", async () => (await names(namespace)).length === 0)
    expectEqual(await names(), ["three"], "budgets of other namespaces")
  }
}

const budgetStatus: ConformanceTest = {
  name: "[sig-apps] DisruptionController should update/patch PodDisruptionBudget status",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const key = { namespace, name: "budget" }
    await makeBudget(cluster, key.name, 1)
    await awaitProcessed(cluster, key.name)
    const disruptedPods = { "pod-1": "2026-01-01T00:00:00Z" }
    const updated = await retryOnConflict(async () => {
      const current = await client.get(poddisruptionbudgets, key, { subresource: "status" })
      const counts = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 }
      return client.updateStatus(poddisruptionbudgets, { ...current, status: { ...counts, ...current.status, disruptedPods } })
    })
    expectEqual(updated.status?.disruptedPods, disruptedPods, "disruptedPods after the update")
    const body = { status: { disruptedPods: null } }
    const patched = await client.patch(poddisruptionbudgets, key, { type: "merge", body }, { subresource: "status" })
    expectEqual(patched.status?.disruptedPods ?? {}, {}, "disruptedPods after the patch")
  }
}

export const appObjects: ReadonlyArray<ConformanceTest> = [cronJob, revision, budgetLife, budgetCollection, budgetStatus]
