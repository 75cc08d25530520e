/** PriorityClasses as objects. @module */
import { priorityclasses } from "@tsukube/api/scheduling-v1"
import { type Cluster, type ConformanceTest, expectEqual, expectRefused } from "../suite.ts"

/** Makes a PriorityClass for the length of a test. */
export const makeClass = async (cluster: Cluster, name: string, value: number): Promise<void> => {
  const { client } = cluster
  await client.create(priorityclasses, { metadata: { name, labels: { "priority-test": name } }, value })
  cluster.afterwards(() => client.delete(priorityclasses, { name }))
}

const endpoints: ConformanceTest = {
  name: "[sig-scheduling] SchedulerPreemption PriorityClass endpoints verify PriorityClass endpoints can be operated with different HTTP methods",
  run: async (cluster) => {
    const { client, eventually } = cluster
    const [first, second] = [cluster.unique("p1"), cluster.unique("p2")]
    await makeClass(cluster, first, 1)
    await makeClass(cluster, second, 2)
    for (const [name, value] of [
      [first, 1],
      [second, 2]
    ] as const) {
      const current = await client.get(priorityclasses, { name })
      expectEqual(current.value, value, `the value of ${name}`)
      const change = client.update(priorityclasses, { ...current, value: value * 10 })
      expectEqual((await expectRefused(change, 422, "a change of the value")).reason, "Invalid", "the reason of the refusal")
      const patch = client.patch(
        priorityclasses,
        { name },
        { type: "json", body: [{ op: "replace", path: "/value", value: 99 }] }
      )
      await expectRefused(patch, 422, "a patch of the value")
      const described = await client.update(priorityclasses, { ...current, description: "updated" })
      expectEqual(described.description, "updated", "the description after an update")
      const body = { description: "patched" }
      expectEqual(
        (await client.patch(priorityclasses, { name }, { type: "merge", body })).description,
        "patched",
        "after a patch"
      )
    }
    const labelSelector = `priority-test in (${first},${second})`
    const { items } = await client.list(priorityclasses, { labelSelector })
    expectEqual(items.map(({ value }) => value).sort(), [1, 2], "values in the list")
    await client.delete(priorityclasses, { name: first })
    await client.deleteCollection(priorityclasses, { labelSelector })
    await eventually("both are gone", async () => (await client.list(priorityclasses, { labelSelector })).items.length === 0)
  }
}

export const priorityClass: ReadonlyArray<ConformanceTest> = [endpoints]
