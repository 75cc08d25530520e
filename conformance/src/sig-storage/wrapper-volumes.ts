/** Volumes that are folders with something in them: many in a pod, many pods at once. @module */
import { configmaps, type ReplicationController, replicationcontrollers, secrets } from "@tsukube/api/core-v1"
import { awaitReadyPods, pauseSpec, runningPod } from "../pods.ts"
import { type Cluster, type ConformanceTest, unlessGone } from "../suite.ts"

const conflict: ConformanceTest = {
  name: "[sig-storage] EmptyDir wrapper volumes should not conflict",
  run: async (cluster) => {
    const { client, namespace } = cluster
    await client.create(secrets, { metadata: { namespace, name: "wrapped" }, data: { "data-1": btoa("value-1\n") } })
    await client.create(configmaps, { metadata: { namespace, name: "wrapped" }, data: { "data-1": "value-1" } })
    const volumes = [
      { name: "secret-volume", secret: { secretName: "wrapped" } },
      { name: "configmap-volume", configMap: { name: "wrapped" } }
    ]
    const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/etc/${name}`, readOnly: true }))
    const containers = [{ name: "main", image: cluster.image, volumeMounts }]
    await runningPod(cluster, "wrapper", {}, { volumes, containers })
  }
}

const controller = (cluster: Cluster, name: string, maps: ReadonlyArray<string>): ReplicationController => {
  const volumes = maps.map((map) => ({ name: map, configMap: { name: map, items: [{ key: "data-1", path: "data-1" }] } }))
  const volumeMounts = maps.map((map) => ({ name: map, mountPath: `/etc/${map}` }))
  const containers = [{ name: "main", image: cluster.image, volumeMounts }]
  return {
    metadata: { namespace: cluster.namespace, name },
    spec: {
      replicas: 5,
      selector: { name },
      template: { metadata: { labels: { name } }, spec: pauseSpec(cluster, { volumes, containers }) }
    }
  }
}

const race: ConformanceTest = {
  name: "[sig-storage] EmptyDir wrapper volumes should not cause race condition when used for configmaps",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const maps = Array.from({ length: 50 }, (_, index) => `racey-configmap-${index}`)
    for (const name of maps) await client.create(configmaps, { metadata: { namespace, name }, data: { "data-1": "value-1" } })
    for (const round of [1, 2, 3]) {
      const name = `wrapped-volume-race-${round}`
      await client.create(replicationcontrollers, controller(cluster, name, maps))
      await awaitReadyPods(cluster, `name=${name}`, 5)
      const key = { namespace, name }
      await client.delete(replicationcontrollers, key, { propagationPolicy: "Foreground" })
      await eventually(
        `controller ${name} and its pods are gone`,
        async () => (await unlessGone(client.get(replicationcontrollers, key))) === undefined,
        180_000
      )
    }
  }
}

export const wrapperVolumes: ReadonlyArray<ConformanceTest> = [conflict, race]
