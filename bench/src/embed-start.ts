/** What an embedder's first lines do, timed from the first of them: `bun embed-start.ts fetch|url|many`. Copied to where the packages are installed. @module */
const begun = performance.now()
const { startApiserver } = await import("@tsukube/apiserver/promise")

const milliseconds = (): number => performance.now() - begun

/** The first request, answered in this process. */
const byFetch = async (): Promise<Readonly<Record<string, number>>> => {
  const server = await startApiserver({ store: "memory" })
  const response = await server.fetch(new Request("https://kubernetes/api/v1/namespaces/default"))
  await response.json()
  return { answer: milliseconds() }
}

/** The same over TLS, as an administrator by the certificate of the kubeconfig. */
const byUrl = async (): Promise<Readonly<Record<string, number>>> => {
  const server = await startApiserver({ store: "memory" })
  const pem = (field: string): string =>
    Buffer.from(new RegExp(`${field}: (\\S+)`).exec(server.kubeconfig)?.[1] ?? "", "base64").toString()
  const tls = {
    ca: pem("certificate-authority-data"),
    cert: pem("client-certificate-data"),
    key: pem("client-key-data")
  }
  const response = await fetch(`${server.url}/api/v1/namespaces/default`, { tls })
  if (!response.ok) throw new Error(await response.text())
  await response.json()
  return { url: milliseconds() }
}

/** Many servers in this process: what one more costs. */
const many = async (): Promise<Readonly<Record<string, number>>> => {
  const count = 50
  // The first one pays for everything that is shared.
  await startApiserver({ store: "memory" })
  Bun.gc(true)
  const [before, start] = [process.memoryUsage().rss, performance.now()]
  const servers = await Promise.all(Array.from({ length: count }, () => startApiserver({ store: "memory" })))
  const took = performance.now() - start
  await Promise.all(servers.map(({ fetch }) => fetch(new Request("https://kubernetes/api/v1/namespaces"))))
  Bun.gc(true)
  return { "many/start": took / count, "many/memory": (process.memoryUsage().rss - before) / count / 1024 / 1024 }
}

const modes: Readonly<Record<string, () => Promise<Readonly<Record<string, number>>>>> = { fetch: byFetch, url: byUrl, many }
console.log(JSON.stringify(await modes[process.argv[2] ?? "fetch"]!()))
process.exit(0)
