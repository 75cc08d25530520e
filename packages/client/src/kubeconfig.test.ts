import { afterAll, expect, test } from "bun:test"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { Effect } from "effect"
import { loadInCluster } from "./in-cluster.ts"
import { loadKubeconfig } from "./kubeconfig.ts"

const folder = mkdtempSync(join(tmpdir(), "kubeconfig-"))
afterAll(() => rmSync(folder, { recursive: true }))

const base64 = (text: string) => Buffer.from(text).toString("base64")

const kubeconfig = (user: string, cluster = "server: https://10.0.0.1:6443") => `
apiVersion: v1
kind: Config
current-context: main
contexts:
- name: main
  context: { cluster: one, user: admin, namespace: web }
- name: bare
  context: { cluster: one, user: "" }
clusters:
- name: one
  cluster: { ${cluster} }
users:
- name: admin
  user: { ${user} }
`

test("server, authority, client certificate and namespace are read, from data and from files beside the kubeconfig", async () => {
  writeFileSync(join(folder, "ca.crt"), "CA")
  writeFileSync(
    join(folder, "config"),
    kubeconfig(
      `client-certificate-data: ${base64("CERT")}, client-key-data: ${base64("KEY")}, tokenFile: token`,
      "server: https://10.0.0.1:6443, certificate-authority: ca.crt, tls-server-name: kubernetes"
    )
  )
  expect(await Effect.runPromise(loadKubeconfig({ file: join(folder, "config") }))).toEqual({
    server: "https://10.0.0.1:6443",
    ca: "CA",
    tlsServerName: "kubernetes",
    cert: "CERT",
    key: "KEY",
    tokenFile: join(folder, "token"),
    namespace: "web"
  })
})

test("text is read too; another context may be asked for, and nobody has to be anybody", async () => {
  const text = kubeconfig(
    "token: secret, as: jane, as-groups: [dev]",
    "server: http://localhost:8001, insecure-skip-tls-verify: true"
  )
  expect(await Effect.runPromise(loadKubeconfig({ text }))).toEqual({
    server: "http://localhost:8001",
    insecureSkipTlsVerify: true,
    token: "secret",
    impersonate: { user: "jane", groups: ["dev"] },
    namespace: "web"
  })
  expect(await Effect.runPromise(loadKubeconfig({ text, context: "bare" }))).toEqual({
    server: "http://localhost:8001",
    insecureSkipTlsVerify: true,
    namespace: "default"
  })
})

test("$KUBECONFIG may name several files: the first that defines a name wins, missing ones are skipped", async () => {
  writeFileSync(join(folder, "first"), "contexts: [{ name: main, context: { cluster: one, user: admin } }]\n")
  writeFileSync(join(folder, "second"), kubeconfig("token: secret"))
  const before = process.env["KUBECONFIG"]
  process.env["KUBECONFIG"] = ["first", "missing", "second"].map((file) => join(folder, file)).join(delimiter)
  try {
    expect(await Effect.runPromise(loadKubeconfig())).toMatchObject({ token: "secret", namespace: "default" })
  } finally {
    if (before === undefined) delete process.env["KUBECONFIG"]
    else process.env["KUBECONFIG"] = before
  }
})

test("what cannot be done is said", async () => {
  const messageFor = async (text: string, context?: string) =>
    (await Effect.runPromise(Effect.flip(loadKubeconfig({ text, ...(context === undefined ? {} : { context }) })))).message
  expect(await messageFor(kubeconfig("exec: { command: aws }"))).toBe(
    "kubeconfig: exec credential plugins are not supported yet; use a token or a client certificate"
  )
  expect(await messageFor(kubeconfig("token: a"), "nope")).toBe('kubeconfig: there is no context "nope"')
  expect(await messageFor("contexts: []")).toBe("kubeconfig: no current-context is set")
  expect(await messageFor("just words")).toBe("kubeconfig: the text is not a kubeconfig")
  const missing = await Effect.runPromise(Effect.flip(loadKubeconfig({ file: join(folder, "missing") })))
  expect(missing._tag).toBe("KubeconfigError")
  expect(missing.message).toContain("ENOENT")
})

test("inside a pod the service account is found; outside, that is said", async () => {
  for (const [name, text] of Object.entries({ "ca.crt": "CA", token: "secret", namespace: "kube-system" }))
    writeFileSync(join(folder, name), text)
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env
  Object.assign(process.env, { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" })
  expect(await Effect.runPromise(loadInCluster(folder))).toEqual({
    server: "https://[fd00::1]:443",
    ca: "CA",
    tokenFile: join(folder, "token"),
    namespace: "kube-system"
  })
  delete process.env["KUBERNETES_SERVICE_HOST"]
  delete process.env["KUBERNETES_SERVICE_PORT"]
  expect((await Effect.runPromise(Effect.flip(loadInCluster(folder)))).message).toContain("not inside a cluster")
  if (host !== undefined) process.env["KUBERNETES_SERVICE_HOST"] = host
  if (port !== undefined) process.env["KUBERNETES_SERVICE_PORT"] = port
})
