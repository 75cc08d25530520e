/** Two real nodes on this machine: containers, the pod network between the nodes, Services, logs, exec; and nothing left afterwards. @module */
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { spawn, spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import type { Deployment } from "@tsukube/api/apps-v1"
import type { Node, Pod, Service } from "@tsukube/api/core-v1"
import { isRoot, netnsPath, ownerOf, processTable } from "@tsukube/host"
import { containerdInstalled } from "@tsukube/kubelet"
import { busyboxImage, writeImage } from "@tsukube/kubelet/oci-image"
import { eventually, onPath, requireTool } from "@tsukube/testing"
import { type ClusterProcess, freshFolder, startCluster } from "./cluster-process.ts"

interface List<A> {
  readonly items: ReadonlyArray<A>
}

const there = requireTool("real nodes", {
  root: isRoot(),
  containerd: containerdInstalled(),
  "busybox-static": onPath("busybox"),
  catatonit: onPath("catatonit"),
  iptables: onPath("iptables"),
  kubectl: onPath("kubectl"),
  curl: onPath("curl")
})

const web = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 4
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      topologySpreadConstraints:
        - { maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: { matchLabels: { app: web } } }
      containers:
        - name: httpd
          image: docker.io/library/busybox:1.36
          command: [sh, -c, "hostname > /www/index.html; echo serving; exec httpd -f -v -p 8080 -h /www"]
          ports: [{ containerPort: 8080 }]
          readinessProbe: { httpGet: { path: /, port: 8080 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  type: NodePort
  selector: { app: web }
  ports: [{ port: 80, targetPort: 8080 }]
`

const cgroupsOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, "utf8")
  } catch {
    return ""
  }
}

/** What is on the machine that a cluster of this data folder owns. */
const leftovers = (dataDir: string): ReadonlyArray<string> => {
  const owner = ownerOf(dataDir)
  const lines = (command: string, ...args: ReadonlyArray<string>) =>
    spawnSync(command, args, { encoding: "utf8" }).stdout.split("\n")
  return [
    ...processTable().flatMap(({ commandLine }) =>
      commandLine.some((argument) => argument.includes(dataDir)) ? [commandLine.join(" ")] : []
    ),
    ...lines("cat", "/proc/self/mountinfo").filter((line) => line.includes(dataDir)),
    ...lines("ip", "netns", "list").filter((line) => line.includes(owner)),
    ...lines("ip", "-brief", "link").filter((line) => line.includes(owner)),
    ...lines("iptables-save").filter((line) => line.includes(owner) || line.includes("KUBE-"))
  ]
}

describe.skipIf(!there)("a cluster of two real nodes", () => {
  const dataDir = freshFolder()
  const images = join(dataDir, "images")
  let cluster: ClusterProcess
  let pods: ReadonlyArray<Pod> = []
  beforeAll(async () => {
    mkdirSync(images)
    writeImage(join(images, "busybox.tar"), busyboxImage())
    cluster = await startCluster({ dataDir, args: ["--nodes", "2", "--runtime", "containerd", "--images", images] })
  }, 120_000)
  afterAll(async () => {
    await cluster?.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }, 120_000)

  const text = async (args: ReadonlyArray<string> | string) => (await cluster.kubectl(args)).stdout
  const webPods = async () => {
    const { items } = await cluster.kubectl.json<List<Pod>>("get pods -l app=web")
    return items.filter((pod) => pod.metadata?.deletionTimestamp === undefined)
  }
  const isReady = (pod: Pod) => pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true
  const nameOf = (pod: Pod | undefined) => pod?.metadata?.name ?? ""

  /** Asks from inside a pod. By hand, since the static busybox of Debian cannot look up services and its wget crashes. */
  const askFromPod = async (pod: Pod | undefined, address: string, port: number): Promise<string> => {
    const ask = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 ${address} ${port} | tail -n 1`
    return (await text(["exec", nameOf(pod), "--", "sh", "-c", ask])).trim()
  }

  /** Asks from a node's own network until every pod has answered at least once. */
  const answeredByAll = async (node: string, url: string): Promise<void> => {
    const answers = new Set<string>()
    await eventually(
      () => {
        const netns = netnsPath(`${ownerOf(dataDir)}-${node}`)
        const { stdout } = spawnSync("nsenter", [`--net=${netns}`, "curl", "-s", "-m", "3", url], { encoding: "utf8" })
        if (stdout.trim() !== "") answers.add(stdout.trim())
        return pods.every((pod) => answers.has(nameOf(pod)))
      },
      { what: `every pod to answer ${url} from ${node}, had ${[...answers]}`, withinMs: 30_000 }
    )
  }

  test("a deployment of four web servers runs on both nodes", async () => {
    await cluster.kubectl("apply -f -", { stdin: web })
    await text("rollout status deployment/web --timeout=60s")
    pods = await webPods()
    expect(pods).toHaveLength(4)
    expect(Map.groupBy(pods, (pod) => pod.spec?.nodeName).size).toBe(2)
    expect(new Set(pods.map((pod) => pod.status?.podIP)).size).toBe(4)
  }, 90_000)

  test("every pod answers on its own address, across the overlay, to a pod on the other node", async () => {
    for (const target of pods) {
      const source = pods.find((pod) => pod.spec?.nodeName !== target.spec?.nodeName)
      expect(await askFromPod(source, target.status?.podIP ?? "", 8080)).toBe(nameOf(target))
    }
  })

  test("the cluster IP is answered by all endpoints, to a pod and to both nodes", async () => {
    const service = await cluster.kubectl.json<Service>("get service web")
    const url = `http://${service.spec?.clusterIP}/`
    await answeredByAll("node-1", url)
    await answeredByAll("node-2", url)
    const answers = new Set<string>()
    await eventually(
      async () => {
        answers.add(await askFromPod(pods[0], service.spec?.clusterIP ?? "", 80))
        return pods.every((pod) => answers.has(nameOf(pod)))
      },
      { what: "every pod to answer the cluster IP inside a pod", withinMs: 60_000 }
    )
  }, 90_000)

  test("the node port is answered on both nodes, by all endpoints", async () => {
    const service = await cluster.kubectl.json<Service>("get service web")
    const { items } = await cluster.kubectl.json<List<Node>>("get nodes")
    expect(items).toHaveLength(2)
    for (const node of items) {
      const address = node.status?.addresses?.find(({ type }) => type === "InternalIP")?.address
      const url = `http://${address}:${service.spec?.ports?.[0]?.nodePort}/`
      await answeredByAll("node-1", url)
      await answeredByAll("node-2", url)
    }
  }, 90_000)

  test("logs come, and -f follows them", async () => {
    const name = nameOf(pods[0])
    expect(await text(["logs", name])).toContain("serving\n")
    const child = spawn("kubectl", ["--kubeconfig", cluster.kubeconfig, "logs", "-f", "--tail=0", name])
    let seen = ""
    child.stdout.on("data", (chunk) => (seen += chunk))
    try {
      await eventually(
        async () => {
          await text(["exec", name, "--", "sh", "-c", "echo followed > /proc/1/fd/1"])
          return seen.includes("followed\n")
        },
        { what: "what the container wrote in the followed log" }
      )
    } finally {
      child.kill()
    }
  })

  test("exec gives the output and the exit code; -it has a terminal", async () => {
    const name = nameOf(pods[0])
    expect(await text(["exec", name, "--", "cat", "/www/index.html"])).toBe(`${name}\n`)
    expect((await cluster.kubectl(["exec", name, "--", "sh", "-c", "exit 7"], { mayFail: true })).exitCode).toBe(7)
    expect((await cluster.kubectl(["exec", "-i", name, "--", "tr", "a-z", "A-Z"], { stdin: "shout\n" })).stdout).toBe("SHOUT\n")
    const command = `kubectl --kubeconfig ${cluster.kubeconfig} exec -it ${name} -- sh -c 'test -t 0 && test -t 1 && echo terminal'`
    const { stdout } = spawnSync("script", ["-qec", command, "/dev/null"], { encoding: "utf8", timeout: 30_000 })
    expect(stdout).toContain("terminal")
  })

  test("a killed container is started again", async () => {
    const victim = pods[0]
    // From the machine's side: the first process of a container cannot be killed from inside.
    const [container] = (await cluster.kubectl.json<Pod>(["get", "pod", nameOf(victim)])).status?.containerStatuses ?? []
    const id = container?.containerID?.replace("containerd://", "") ?? "none"
    const inside = processTable().filter(({ pid }) => cgroupsOf(pid).includes(id))
    expect(inside).not.toEqual([])
    for (const { pid } of inside) process.kill(pid, "SIGKILL")
    await eventually(
      async () => {
        const pod = await cluster.kubectl.json<Pod>(["get", "pod", nameOf(victim)])
        return pod.status?.containerStatuses?.[0]?.restartCount === 1 && isReady(pod)
      },
      { what: "the container to be back", withinMs: 45_000 }
    )
    expect(await text(["logs", "--previous", nameOf(victim)])).toContain("serving\n")
  }, 60_000)

  test("a deleted pod is replaced", async () => {
    const victim = nameOf(pods[1])
    await text(["delete", "pod", victim])
    await eventually(
      async () => {
        const now = await webPods()
        return now.length === 4 && now.every((pod) => nameOf(pod) !== victim && isReady(pod))
      },
      { what: "the replacement", withinMs: 45_000 }
    )
    expect((await cluster.kubectl.json<Deployment>("get deployment web")).status?.availableReplicas).toBe(4)
  }, 60_000)

  test("after Ctrl-C nothing is left on the machine", async () => {
    expect(leftovers(dataDir)).not.toEqual([])
    expect(await cluster.stop("SIGINT")).toBe(0)
    expect(leftovers(dataDir)).toEqual([])
  }, 60_000)

  test("after kill -9 the next start takes the leftovers away, and the pods run again", async () => {
    const again = () => startCluster({ dataDir, args: ["--nodes", "2", "--runtime", "containerd", "--images", images] })
    cluster = await again()
    await text("rollout status deployment/web --timeout=60s")
    await cluster.stop("SIGKILL")
    cluster = await again()
    await eventually(async () => (await webPods()).filter(isReady).length === 4, { what: "four ready pods", withinMs: 60_000 })
    pods = await webPods()
    await answeredByAll("node-1", `http://${(await cluster.kubectl.json<Service>("get service web")).spec?.clusterIP}/`)
    await cluster.stop()
    expect(leftovers(dataDir)).toEqual([])
  }, 180_000)
})
