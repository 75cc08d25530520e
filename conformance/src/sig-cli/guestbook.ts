/** The guestbook: a front end, a store that is written to, and copies that are read from, found by their Services. @module */
import type { Deployment } from "@tsukube/api/apps-v1"
import type { Container, Service } from "@tsukube/api/core-v1"
import { awaitReadyPods } from "../pods.ts"
import { shellContainer, webServer } from "../shell-pods.ts"
import { type ConformanceTest, expectEqual } from "../suite.ts"
import { kubectlTest } from "./kubectl.ts"

const storePort = 6379
const webPort = 8080

/** Asks a Service of the namespace, which every container finds in its environment. */
const ask = (service: string, path: string): string =>
  `$(printf "GET ${path} HTTP/1.0\\r\\n\\r\\n" | nc $${service}_SERVICE_HOST ${storePort} | tail -n 1)`

/** `/set/WORD` writes, `/get` reads. */
const primary = webServer(
  storePort,
  'case "$path" in /set/*) echo -n "${path#/set/}" > /tmp/entry; text=stored;; *) text="entry:$(cat /tmp/entry 2>/dev/null)";; esac'
)
const replica = webServer(storePort, `text="${ask("PRIMARY", "/get")}"`)
const frontend = webServer(
  webPort,
  `case "$path" in /set/*) text="${ask("PRIMARY", "$path")}";; *) text="${ask("REPLICA", "/get")}";; esac`
)

const parts: ReadonlyArray<{ readonly name: string; readonly replicas: number; readonly script: string; readonly port: number }> =
  [
    { name: "primary", replicas: 1, script: primary, port: storePort },
    { name: "replica", replicas: 2, script: replica, port: storePort },
    { name: "frontend", replicas: 3, script: frontend, port: webPort }
  ]

const deploymentOf = ({ name, replicas, script, port }: (typeof parts)[number]): Deployment => {
  const labels = { app: "guestbook", tier: name }
  const container: Container = shellContainer(script, { ports: [{ containerPort: port }] })
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [container] } }
    }
  }
}

const serviceOf = ({ name, port }: (typeof parts)[number]): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: { selector: { app: "guestbook", tier: name }, ports: [{ port }] }
})

const guestbook: ConformanceTest = kubectlTest(
  "[sig-cli] Kubectl client Guestbook application should create and stop a working application",
  async (cluster) => {
    const { client, kubectl, namespace, eventually } = cluster
    // Containers find only those Services in their environment that were there before them.
    for (const object of [...parts.map(serviceOf), ...parts.map(deploymentOf)])
      await kubectl(["create", "-f", "-"], { stdin: JSON.stringify(object) })
    for (const { name, replicas } of parts) await awaitReadyPods(cluster, `tier=${name}`, replicas)
    const proxied = async (path: string): Promise<string> => {
      const url = `https://kubernetes/api/v1/namespaces/${namespace}/services/frontend:${webPort}/proxy${path}`
      return (await client.fetch(new Request(url))).text()
    }
    const says = (what: string, path: string, answer: string) =>
      eventually(what, async () => {
        expectEqual(await proxied(path), answer, `what ${path} says`)
        return true
      })
    await says("an empty guestbook", "/get", "entry:")
    await says("an entry is written", "/set/TestEntry", "stored")
    await says("the entry is read", "/get", "entry:TestEntry")
    const names = parts.flatMap(({ name }) => [`deployment/${name}`, `service/${name}`])
    await kubectl(["delete", "--grace-period=0", "--force", ...names])
    for (const { name } of parts) await awaitReadyPods(cluster, `tier=${name}`, 0)
    const { stdout } = await kubectl(["get", "deployments,services", "-o", "name"])
    expectEqual(stdout, "", "what is left")
  }
)

/** All of them. */
export const guestbookTests: ReadonlyArray<ConformanceTest> = [guestbook]
