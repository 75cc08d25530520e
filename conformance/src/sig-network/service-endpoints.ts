/** Which pods and ports are behind a Service, how soon, and pods that share a node's port. @module */
import { endpoints, nodes, pods, replicationcontrollers, type ServicePort, services } from "@tsukube/api/core-v1"
import { endpointslices } from "@tsukube/api/discovery-v1"
import { observeFromNow } from "../observe.ts"
import { awaitPodGone, awaitReadyPods, pauseSpec, runningPod } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectThat, present } from "../suite.ts"

/** Behind a Service: for each pod, by name, the ports that lead to it. */
type Behind = Readonly<Record<string, ReadonlyArray<number>>>

const awaitBehind = ({ client, namespace, eventually }: Cluster, service: string, expected: Behind): Promise<unknown> =>
  eventually(`behind ${service} there is ${JSON.stringify(expected)}`, async () => {
    const labelSelector = `kubernetes.io/service-name=${service}`
    const { items } = await client.list(endpointslices, { namespace, labelSelector })
    const found: Record<string, ReadonlyArray<number>> = {}
    for (const slice of items) {
      const numbers = (slice.ports ?? []).map(({ port = 0 }) => port)
      for (const { targetRef, conditions } of slice.endpoints ?? []) {
        if (conditions?.ready === false) continue
        const name = targetRef?.name ?? ""
        found[name] = [...(found[name] ?? []), ...numbers].sort((a, b) => a - b)
      }
    }
    expectEqual(found, expected, "pods and ports in the slices")
    return true
  })

const containerPorts = (cluster: Cluster, ports: Readonly<Record<string, number>>) => ({
  containers: [
    {
      name: "main",
      image: cluster.image,
      ports: Object.entries(ports).map(([name, containerPort]) => ({ name, containerPort }))
    }
  ]
})

const makeService = ({ client, namespace }: Cluster, name: string, ports: ReadonlyArray<ServicePort>) =>
  client.create(services, { metadata: { namespace, name }, spec: { selector: { app: name }, ports } })

const remove = async (cluster: Cluster, name: string): Promise<void> => {
  await cluster.client.delete(pods, { namespace: cluster.namespace, name })
  await awaitPodGone(cluster, name)
}

const basic: ConformanceTest = {
  name: "[sig-network] Services should serve a basic endpoint from pods",
  run: async (cluster) => {
    await makeService(cluster, "endpoint-test", [{ port: 80, targetPort: 9376 }])
    await awaitBehind(cluster, "endpoint-test", {})
    await runningPod(cluster, "pod1", { app: "endpoint-test" }, containerPorts(cluster, { http: 9376 }))
    await awaitBehind(cluster, "endpoint-test", { pod1: [9376] })
    await runningPod(cluster, "pod2", { app: "endpoint-test" }, containerPorts(cluster, { http: 9376 }))
    await awaitBehind(cluster, "endpoint-test", { pod1: [9376], pod2: [9376] })
    await remove(cluster, "pod1")
    await awaitBehind(cluster, "endpoint-test", { pod2: [9376] })
    await remove(cluster, "pod2")
    await awaitBehind(cluster, "endpoint-test", {})
  }
}

const multiport: ConformanceTest = {
  name: "[sig-network] Services should serve multiport endpoints from pods",
  run: async (cluster) => {
    const name = "multi-endpoint-test"
    await makeService(cluster, name, [
      { name: "portname1", port: 80, targetPort: "one" },
      { name: "portname2", port: 81, targetPort: "two" }
    ])
    await awaitBehind(cluster, name, {})
    await runningPod(cluster, "pod1", { app: name }, containerPorts(cluster, { one: 100 }))
    await awaitBehind(cluster, name, { pod1: [100] })
    await runningPod(cluster, "pod2", { app: name }, containerPorts(cluster, { two: 101 }))
    await awaitBehind(cluster, name, { pod1: [100], pod2: [101] })
    await remove(cluster, "pod1")
    await awaitBehind(cluster, name, { pod2: [101] })
    await remove(cluster, "pod2")
    await awaitBehind(cluster, name, {})
  }
}

const protocols: ConformanceTest = {
  name: "[sig-network] Services should serve endpoints on same port and different protocols",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const name = "multiprotocol-test"
    const service = await makeService(cluster, name, [
      { name: "portname1", port: 80, protocol: "TCP" },
      { name: "portname2", port: 80, protocol: "UDP" }
    ])
    expectEqual(
      service.spec?.ports?.map(({ port, protocol }) => `${port} ${protocol}`),
      ["80 TCP", "80 UDP"],
      "the Service's ports"
    )
    await runningPod(cluster, "pod1", { app: name })
    const awaitProtocols = (expected: ReadonlyArray<string>) =>
      eventually(`the slices lead to ${expected.join(", ")}`, async () => {
        const { items } = await client.list(endpointslices, { namespace, labelSelector: `kubernetes.io/service-name=${name}` })
        const used = items.filter((slice) => (slice.endpoints?.length ?? 0) > 0)
        const found = used.flatMap((slice) => (slice.ports ?? []).map(({ port, protocol }) => `${port} ${protocol}`))
        expectEqual(found.sort(), expected, "ports with an endpoint")
        return true
      })
    await awaitProtocols(["80 TCP", "80 UDP"])
    const left = [{ name: "portname2", port: 80, protocol: "UDP" }]
    await client.patch(services, { namespace, name }, { type: "merge", body: { spec: { ports: left } } })
    await awaitProtocols(["80 UDP"])
  }
}

const latency: ConformanceTest = {
  name: "[sig-network] Service endpoints latency should not be very high",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const labels = { app: "svc-latency" }
    await client.create(replicationcontrollers, {
      metadata: { namespace, name: "svc-latency" },
      spec: { replicas: 1, selector: labels, template: { metadata: { labels }, spec: pauseSpec(cluster) } }
    })
    await awaitReadyPods(cluster, "app=svc-latency", 1)
    using watch = await observeFromNow(cluster, endpoints, { namespace })
    const measure = async (name: string): Promise<number> => {
      const start = performance.now()
      await client.create(services, { metadata: { namespace, name }, spec: { selector: labels, ports: [{ port: 80 }] } })
      await cluster.eventually(`Endpoints ${name} have an address`, async () =>
        watch.seen.some(({ object }) => object.metadata?.name === name && (object.subsets?.[0]?.addresses?.length ?? 0) > 0)
      )
      return performance.now() - start
    }
    const waiting = Array.from({ length: 200 }, (_, index) => `latency-${index}`)
    const tookMs: Array<number> = []
    const work = async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) tookMs.push(await measure(name))
    }
    await Promise.all(Array.from({ length: 15 }, work))
    const sorted = tookMs.sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0
    expectThat(at(0.5) < 20_000, `half of them took less than 20 s: ${at(0.5)} ms`)
    expectThat(at(0.99) < 50_000, `99 of 100 took less than 50 s: ${at(0.99)} ms`)
  }
}

const hostPort: ConformanceTest = {
  name: "[sig-network] HostPort validates that there is no conflict between pods with same hostPort but different hostIP and protocol [LinuxOnly]",
  run: async (cluster) => {
    const { client } = cluster
    const first = await runningPod(cluster, "pod0")
    const nodeName = present(first.spec?.nodeName, "the node")
    const { metadata, status } = await client.get(nodes, { name: nodeName })
    const address = present(status?.addresses?.find(({ type }) => type === "InternalIP")?.address, "the node's address")
    const wanted = [
      ["pod1", address === "127.0.0.1" ? "127.0.0.2" : "127.0.0.1", "TCP"],
      ["pod2", address, "TCP"],
      ["pod3", address, "UDP"]
    ] as const
    const nodeSelector = { "kubernetes.io/hostname": metadata?.labels?.["kubernetes.io/hostname"] ?? nodeName }
    for (const [name, hostIP, protocol] of wanted) {
      const ports = [{ containerPort: 8080, hostPort: 54323, hostIP, protocol }]
      const containers = [{ name: "main", image: cluster.image, ports }]
      const pod = await runningPod(cluster, name, {}, { nodeSelector, containers })
      expectEqual(pod.spec?.nodeName, nodeName, `the node of ${name}`)
    }
  }
}

export const serviceEndpoints: ReadonlyArray<ConformanceTest> = [basic, multiport, protocols, latency, hostPort]
