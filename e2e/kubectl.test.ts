/** What people do with kubectl every day, against a simulated cluster on its default store. @module */
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { spawn } from "node:child_process"
import { chmodSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Deployment, ReplicaSet } from "@tsukube/api/apps-v1"
import type { ConfigMap, Event, Pod, Secret, Service } from "@tsukube/api/core-v1"
import type { EndpointSlice } from "@tsukube/api/discovery-v1"
import { eventually, onPath, requireTool } from "@tsukube/testing"
import { type ClusterProcess, startCluster } from "./cluster-process.ts"

interface List<A> {
  readonly items: ReadonlyArray<A>
}

const there = requireTool("kubectl end to end", { kubectl: onPath("kubectl") })

describe.skipIf(!there)("kubectl against a simulated cluster", () => {
  let cluster: ClusterProcess
  beforeAll(async () => {
    cluster = await startCluster({ args: ["--nodes", "2", "--runtime", "simulated"] })
  })
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })
  const kubectl: ClusterProcess["kubectl"] = Object.assign(
    (...all: Parameters<ClusterProcess["kubectl"]>) => cluster.kubectl(...all),
    {
      json: <A>(...all: Parameters<ClusterProcess["kubectl"]["json"]>) => cluster.kubectl.json<A>(...all)
    }
  )
  const text = async (args: ReadonlyArray<string> | string) => (await kubectl(args)).stdout

  test("a deployment of three becomes three running pods", async () => {
    expect(await text("create deployment web --image=nginx --replicas=3")).toBe("deployment.apps/web created\n")
    expect(await text("rollout status deployment/web --timeout=30s")).toContain('deployment "web" successfully rolled out')
    const { items } = await kubectl.json<List<Pod>>("get pods -l app=web")
    expect(items.map((pod) => pod.status?.phase)).toEqual(["Running", "Running", "Running"])
    expect(new Set(items.map((pod) => pod.status?.podIP)).size).toBe(3)
  })

  test("get shows the columns of Kubernetes", async () => {
    const pods = (await text("get pods -o wide")).split("\n")
    expect(pods[0]?.trim().split(/\s{2,}/)).toEqual([
      "NAME",
      "READY",
      "STATUS",
      "RESTARTS",
      "AGE",
      "IP",
      "NODE",
      "NOMINATED NODE",
      "READINESS GATES"
    ])
    expect(pods[1]).toMatch(/^web-[a-z0-9]+-[a-z0-9]{5}\s+1\/1\s+Running\s+0\s+\d+s\s+10\.244\.\d+\.\d+\s+\S+\s+<none>\s+<none>/)
    expect(await text("get deployment web")).toMatch(/NAME\s+READY\s+UP-TO-DATE\s+AVAILABLE\s+AGE\nweb\s+3\/3\s+3\s+3\s+\d+s/)
    expect(await text("get nodes")).toMatch(/NAME\s+STATUS\s+ROLES\s+AGE\s+VERSION\n\S+\s+Ready\s+/)
    expect(await text("get all")).toMatch(
      /pod\/web-[\s\S]+service\/kubernetes[\s\S]+deployment\.apps\/web[\s\S]+replicaset\.apps\/web-/
    )
  })

  test("expose makes a service with an address and its endpoints", async () => {
    expect(await text("expose deployment web --port=80 --target-port=8080")).toBe("service/web exposed\n")
    const service = await kubectl.json<Service>("get service web")
    expect(service.spec?.clusterIP).toMatch(/^10\.(9[6-9]|10\d|11[01])\.\d+\.\d+$/)
    const endpoints = await eventually(
      async () => {
        const slices = await kubectl.json<List<EndpointSlice>>("get endpointslices -l kubernetes.io/service-name=web")
        const found = slices.items.flatMap((slice) => slice.endpoints ?? [])
        return found.length === 3 ? found : undefined
      },
      { what: "three endpoints" }
    )
    expect(endpoints.every((endpoint) => endpoint.conditions?.ready === true)).toBe(true)
    expect(await text("get endpoints web")).toMatch(/web\s+10\.244\.\d+\.\d+:8080/)
  })

  test("describe tells the story of an object", async () => {
    const deployment = await text("describe deployment web")
    expect(deployment).toContain("3 desired | 3 updated | 3 total | 3 available | 0 unavailable")
    expect(deployment).toMatch(/Normal\s+ScalingReplicaSet\s+.*Scaled up replica set web-/)
    const pod = (await text("get pods -l app=web -o name")).split("\n")[0] ?? ""
    const story = await text(["describe", pod])
    expect(story).toMatch(/Normal\s+Scheduled\s+.*Successfully assigned default\/web-/)
    expect(story).toMatch(/Normal\s+Started\s+/)
    expect(story).toContain("QoS Class:")
    expect(await text("describe service web")).toContain("Endpoints:")
    expect(await text("describe node")).toMatch(/Non-terminated Pods:\s+\(\d+ in total\)/)
  })

  test("scale up and down is followed", async () => {
    expect(await text("scale deployment web --replicas=5")).toBe("deployment.apps/web scaled\n")
    await text("rollout status deployment/web --timeout=30s")
    expect((await kubectl.json<List<Pod>>("get pods -l app=web")).items).toHaveLength(5)
    await text("scale deployment web --replicas=2")
    await eventually(async () => (await kubectl.json<List<Pod>>("get pods -l app=web")).items.length === 2, { what: "two pods" })
  })

  test("set image rolls out, and undo rolls back", async () => {
    expect(await text("set image deployment/web nginx=nginx:1.27")).toBe("deployment.apps/web image updated\n")
    expect(await text("rollout status deployment/web --timeout=60s")).toContain("successfully rolled out")
    const images = async () =>
      (await kubectl.json<List<Pod>>("get pods -l app=web --field-selector=status.phase=Running")).items
        .filter((pod) => pod.metadata?.deletionTimestamp === undefined)
        .map((pod) => pod.spec?.containers[0]?.image)
    expect(new Set(await images())).toEqual(new Set(["nginx:1.27"]))
    expect(await text("rollout history deployment/web")).toMatch(/REVISION\s+CHANGE-CAUSE\n1\s+<none>\n2\s+<none>/)
    expect(await text("rollout undo deployment/web")).toBe("deployment.apps/web rolled back\n")
    await text("rollout status deployment/web --timeout=60s")
    await eventually(async () => (await images()).every((image) => image === "nginx"), { what: "the old image" })
    const sets = await kubectl.json<List<ReplicaSet>>("get rs -l app=web")
    expect(sets.items.map((set) => set.metadata?.annotations?.["deployment.kubernetes.io/revision"]).sort()).toEqual(["2", "3"])
  })

  test("rollout restart, pause and resume", async () => {
    await text("rollout restart deployment/web")
    expect(await text("rollout status deployment/web --timeout=60s")).toContain("successfully rolled out")
    expect(await text("rollout pause deployment/web")).toContain("paused")
    expect(await text("rollout resume deployment/web")).toContain("resumed")
  })

  test("label and annotate", async () => {
    expect(await text("label deployment web tier=front")).toBe("deployment.apps/web labeled\n")
    expect((await kubectl("label deployment web tier=back", { mayFail: true })).stderr).toContain("--overwrite is false")
    expect(await text("get deployments -l tier=front -o name")).toBe("deployment.apps/web\n")
    expect(await text("get deployments -l tier!=front -o name")).toBe("")
    await text("label deployment web tier-")
    expect(await text("annotate deployment web note=hello")).toBe("deployment.apps/web annotated\n")
    expect((await kubectl.json<Deployment>("get deployment web")).metadata?.annotations?.["note"]).toBe("hello")
  })

  test("edit writes what the editor left", async () => {
    const editor = join(cluster.dataDir, "editor.sh")
    writeFileSync(editor, '#!/bin/sh\nsed -i "s/note: hello/note: edited/" "$1"\n')
    chmodSync(editor, 0o755)
    expect((await kubectl("edit deployment web", { env: { KUBE_EDITOR: editor } })).stdout).toBe("deployment.apps/web edited\n")
    expect((await kubectl.json<Deployment>("get deployment web")).metadata?.annotations?.["note"]).toBe("edited")
  })

  test("patch in its three types", async () => {
    await kubectl(["patch", "deployment", "web", "--type=merge", "-p", '{"metadata":{"annotations":{"note":null}}}'])
    await kubectl([
      "patch",
      "deployment",
      "web",
      "--type=json",
      "-p",
      '[{"op":"add","path":"/metadata/annotations/json","value":"yes"}]'
    ])
    const strategic = {
      spec: { template: { spec: { containers: [{ name: "nginx", env: [{ name: "COLOUR", value: "blue" }] }] } } }
    }
    await kubectl(["patch", "deployment", "web", "-p", JSON.stringify(strategic)])
    const deployment = await kubectl.json<Deployment>("get deployment web")
    expect(deployment.metadata?.annotations).not.toHaveProperty("note")
    expect(deployment.metadata?.annotations?.["json"]).toBe("yes")
    expect(deployment.spec?.template.spec?.containers).toHaveLength(1)
    expect(deployment.spec?.template.spec?.containers[0]).toMatchObject({
      image: "nginx",
      env: [{ name: "COLOUR", value: "blue" }]
    })
    const failed = await kubectl(
      ["patch", "deployment", "web", "--type=json", "-p", '[{"op":"test","path":"/spec/replicas","value":77}]'],
      { mayFail: true }
    )
    expect(failed.exitCode).toBe(1)
  })

  const config = (colour: string, extra = "") => `apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  colour: ${colour}
${extra}`

  test("apply creates, leaves alone, and changes", async () => {
    const apply = (stdin: string) => kubectl("apply -f -", { stdin }).then((result) => result.stdout)
    expect(await apply(config("red", "  old: gone"))).toBe("configmap/settings created\n")
    expect(await apply(config("red", "  old: gone"))).toBe("configmap/settings unchanged\n")
    const before = await kubectl.json<ConfigMap>("get configmap settings")
    expect(await apply(config("green"))).toBe("configmap/settings configured\n")
    const after = await kubectl.json<ConfigMap>("get configmap settings")
    expect(after.data).toEqual({ colour: "green" })
    expect(after.metadata?.uid).toBe(before.metadata?.uid ?? "")
    expect(after.metadata?.resourceVersion).not.toBe(before.metadata?.resourceVersion ?? "")
  })

  test("diff shows the change and writes nothing", async () => {
    const before = await kubectl.json<ConfigMap>("get configmap settings")
    const { stdout, exitCode } = await kubectl("diff -f -", { stdin: config("blue"), mayFail: true })
    expect(exitCode).toBe(1)
    expect(stdout).toContain("-  colour: green")
    expect(stdout).toContain("+  colour: blue")
    expect((await kubectl("diff -f -", { stdin: config("green") })).exitCode).toBe(0)
    expect(await kubectl.json<ConfigMap>("get configmap settings")).toEqual(before)
  })

  test("explain and api-resources know the API", async () => {
    const explained = await text("explain pod.spec.containers")
    expect(explained).toContain("KIND:       Pod")
    expect(explained).toMatch(/FIELD: containers <\[\]Container>/)
    expect(explained).toMatch(/image\s+<string>/)
    const resources = await text("api-resources")
    expect(resources).toMatch(/^deployments\s+deploy\s+apps\/v1\s+true\s+Deployment$/m)
    expect(resources).toMatch(/^pods\s+po\s+v1\s+true\s+Pod$/m)
    expect(resources).toMatch(/^nodes\s+no\s+v1\s+false\s+Node$/m)
    expect(await text("api-versions")).toContain("rbac.authorization.k8s.io/v1\n")
    expect(await text("version")).toMatch(/Server Version: v1\.36\./)
  })

  test("wait --for=condition", async () => {
    expect(await text("wait --for=condition=Available deployment/web --timeout=30s")).toBe("deployment.apps/web condition met\n")
    expect(await text("wait --for=condition=Ready pod -l app=web --timeout=30s")).toMatch(/^pod\/web-\S+ condition met/)
  })

  test("get -w streams what happens", async () => {
    const child = spawn("kubectl", [
      "--kubeconfig",
      cluster.kubeconfig,
      "get",
      "configmaps",
      "-w",
      "--no-headers",
      "--field-selector=metadata.name=watched"
    ])
    let seen = ""
    child.stdout.on("data", (chunk) => (seen += chunk))
    try {
      await text("create configmap watched --from-literal=a=1")
      await eventually(() => /^watched\s+1/m.test(seen), { what: "the creation in the watch" })
      await kubectl(["patch", "configmap", "watched", "-p", '{"data":{"b":"2"}}'])
      await eventually(() => /^watched\s+2/m.test(seen), { what: "the change in the watch" })
    } finally {
      child.kill()
    }
    await text("delete configmap watched")
  })

  test("events tell what the parts did", async () => {
    const { items } = await kubectl.json<List<Event>>("get events")
    const reasons = new Set(items.map((event) => event.reason))
    for (const reason of ["Scheduled", "SuccessfulCreate", "ScalingReplicaSet", "Started"]) expect(reasons).toContain(reason)
    expect(await text("get events --sort-by=.lastTimestamp")).toMatch(/LAST SEEN\s+TYPE\s+REASON\s+OBJECT\s+MESSAGE/)
    expect(await text("events")).toContain("ScalingReplicaSet")
  })

  test("delete takes dependents along, and --cascade=orphan leaves them", async () => {
    await text("create deployment orphaned --image=nginx --replicas=1")
    await text("rollout status deployment/orphaned --timeout=30s")
    await text("delete deployment orphaned --cascade=orphan")
    const left = await kubectl.json<List<ReplicaSet>>("get rs -l app=orphaned")
    expect(left.items).toHaveLength(1)
    await eventually(
      async () =>
        (await kubectl.json<List<ReplicaSet>>("get rs -l app=orphaned")).items[0]?.metadata?.ownerReferences === undefined,
      { what: "the orphan to be free" }
    )
    await text("delete rs -l app=orphaned")
    await text("delete deployment web")
    await eventually(
      async () =>
        (await kubectl.json<List<Pod>>("get pods,rs -l app=web")).items.length === 0 &&
        (await kubectl.json<List<Pod>>("get pods,rs -l app=orphaned")).items.length === 0,
      { what: "pods and replica sets to be collected" }
    )
    expect((await kubectl("get deployment web", { mayFail: true })).stderr).toBe(
      'Error from server (NotFound): deployments.apps "web" not found\n'
    )
  })

  test("a guestbook runs from its manifest, and its namespace takes all with it", async () => {
    const file = join(import.meta.dirname, "guestbook.yaml")
    const created = await text(["apply", "-f", file])
    for (const line of [
      "namespace/guestbook created",
      "configmap/frontend-config created",
      "secret/redis-password created",
      "service/frontend created",
      "deployment.apps/frontend created"
    ])
      expect(created).toContain(line)
    await text("-n guestbook rollout status deployment/frontend --timeout=60s")
    await text("-n guestbook rollout status deployment/redis-leader --timeout=60s")
    const secret = await kubectl.json<Secret>("-n guestbook get secret redis-password")
    expect(secret.data?.["password"]).toBe(Buffer.from("not-a-secret").toString("base64"))
    const frontend = await kubectl.json<Service>("-n guestbook get service frontend")
    expect(frontend.spec?.ports?.map((port) => [port.name, port.port, port.targetPort])).toEqual([
      ["http", 80, 8080],
      ["metrics", 9090, 9090]
    ])
    for (const port of frontend.spec?.ports ?? []) expect(port.nodePort).toBeWithin(30000, 32768)
    // kubectl compares `stringData`, which no server keeps, and so takes the Secret for changed each time; on Kubernetes too.
    const again = (await text(["apply", "-f", file])).trim().split("\n")
    expect(again.filter((line) => !line.endsWith(" unchanged"))).toEqual(["secret/redis-password configured"])
    await text("delete namespace guestbook --timeout=60s")
    expect((await kubectl("get namespace guestbook", { mayFail: true })).stderr).toContain("NotFound")
    expect((await kubectl.json<List<Pod>>("get pods -A -l app=guestbook")).items).toEqual([])
  })

  test("bad input is refused with the field's path", async () => {
    const bad = await kubectl("create -f -", {
      stdin: "apiVersion: v1\nkind: Pod\nmetadata: {name: Bad_Name}\nspec: {containers: [{name: c}]}\n",
      mayFail: true
    })
    expect(bad.stderr).toContain('The Pod "Bad_Name" is invalid')
    expect(bad.stderr).toContain("spec.containers[0].image: Required value")
    const unknown = await kubectl("create -f -", {
      stdin: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndatum: {}\n",
      mayFail: true
    })
    expect(unknown.stderr).toContain('unknown field "datum"')
    expect((await kubectl("get pods -n nowhere", {})).stderr).toContain("No resources found in nowhere namespace.")
  })

  test("run, logs and exec of a simulated pod say what they are", async () => {
    await text("run single --image=busybox --restart=Always -- sleep 3600")
    await text("wait --for=condition=Ready pod/single --timeout=30s")
    expect((await kubectl("logs single")).exitCode).toBe(0)
    await text("delete pod single --now")
  })
})
