import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Kubectl, kubectlFor, onPath, requireTool } from "@tsukube/testing"
import { type RunningApiserver, startApiserver } from "./promise.ts"

const suite = requireTool("kubectl against the API server", { kubectl: onPath("kubectl") }) ? describe : describe.skip

const web = (replicas: number) =>
  JSON.stringify({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: {
      replicas,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "nginx", image: "nginx", ports: [{ containerPort: 80 }] }] }
      }
    }
  })

suite("kubectl", () => {
  let server: RunningApiserver
  let kubectl: Kubectl
  const folder = mkdtempSync(join(tmpdir(), "tsukube-kubectl-"))

  beforeAll(async () => {
    server = await startApiserver()
    writeFileSync(join(folder, "config"), server.kubeconfig)
    kubectl = kubectlFor(join(folder, "config"), join(folder, "cache"))
  })
  afterAll(async () => {
    await server.close()
    rmSync(folder, { recursive: true })
  })
  const out = async (args: string | ReadonlyArray<string>, stdin?: string) =>
    (await kubectl(args, stdin === undefined ? {} : { stdin })).stdout.trim()

  test("finds every resource by its short name", async () => {
    const resources = await out("api-resources --no-headers")
    expect(resources).toMatch(/^deployments +deploy +apps\/v1 +true +Deployment$/m)
    expect(resources).toMatch(/^pods +po +v1 +true +Pod$/m)
    expect(await out("version")).toContain("Server Version: v1.36")
  })

  test("creates by its typed clients, which speak protobuf", async () => {
    expect(await out("create configmap one --from-literal=a=b")).toBe("configmap/one created")
    expect(await out("create deployment typed --image=nginx --replicas=0 --port=80")).toBe("deployment.apps/typed created")
    const typed = await kubectl.json<{ spec: { replicas: number } }>("get deployment typed")
    expect(typed.spec.replicas).toBe(0)
    expect(await out("create secret generic s --from-literal=k=v")).toBe("secret/s created")
    expect(await out(["get", "secret", "s", "-o", "jsonpath={.data.k}"])).toBe("dg==")
  })

  test("applies, sees nothing to do, sees a difference, applies the change", async () => {
    expect(await out("apply -f -", web(2))).toBe("deployment.apps/web created")
    expect(await out("apply -f -", web(2))).toBe("deployment.apps/web unchanged")
    const difference = await kubectl("diff -f -", { stdin: web(3), mayFail: true })
    expect(difference.exitCode).toBe(1)
    expect(difference.stdout).toContain("+  replicas: 3")
    expect(await out("apply -f -", web(3))).toBe("deployment.apps/web configured")
  })

  test("prints tables, also wide ones", async () => {
    const [head, row] = (await out("get deployments web -o wide")).split("\n")
    expect(head).toMatch(/^NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR$/)
    expect(row).toMatch(/^web +0\/3 +0 +0 +\d+s +nginx +nginx +app=web$/)
  })

  test("explains fields", async () => {
    expect(await out("explain pod.spec.containers")).toMatch(/image\t<string>/)
    expect(await out("explain deployment.spec.strategy.type")).toMatch(/Recreate\s+RollingUpdate/)
  })

  test("asks who one is and what one may do", async () => {
    expect(await out("auth whoami")).toContain("kubernetes-admin")
    expect(await out("auth can-i create pods")).toBe("yes")
    expect((await kubectl("auth can-i create pods --as eve", { mayFail: true })).stdout.trim()).toBe("no")
    const refused = await kubectl("get pods --as eve", { mayFail: true })
    expect(refused.stderr).toContain(
      'pods is forbidden: User "eve" cannot list resource "pods" in API group "" in the namespace "default"'
    )
  })

  test("refuses unknown fields as the server words it", async () => {
    const config = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"colour":"red"}'
    const refused = await kubectl("create -f -", { stdin: config, mayFail: true })
    expect(refused.stderr).toContain('unknown field "colour"')
  })

  test("watches until told to stop", async () => {
    const watching = kubectl(["get", "configmaps", "-w", "--no-headers", "--request-timeout=3s"], { mayFail: true })
    await out("create configmap later")
    expect((await watching).stdout).toContain("later")
  })

  test("makes a token that lets its service account in", async () => {
    await out("create serviceaccount robot")
    const token = await out("create token robot")
    const config = join(folder, "robot")
    const withoutCertificate = server.kubeconfig.replace(
      / {4}client-certificate-data:[\s\S]*?client-key-data: .*\n/,
      `    token: ${token}\n`
    )
    writeFileSync(config, withoutCertificate)
    const robot = kubectlFor(config, join(folder, "cache"))
    expect((await robot("auth whoami")).stdout).toContain("system:serviceaccount:default:robot")
  })
})
