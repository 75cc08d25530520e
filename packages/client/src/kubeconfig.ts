/** Reads kubeconfig files: which server, which authority, which credentials. @module */
import { readFile } from "node:fs/promises"
import { homedir } from "node:os"
import { delimiter, dirname, join, resolve } from "node:path"
import { Data, Effect } from "effect"
import type { Connection, Impersonation } from "./connection.ts"
import { messageOf } from "./transport.ts"

/** The kubeconfig is missing, not one, or asks for what this client does not do yet. */
export class KubeconfigError extends Data.Error<{ readonly message: string; readonly cause?: unknown }> {
  readonly _tag = "KubeconfigError"
}

/** Where the kubeconfig is; without `file` and `text` as kubectl finds it: `$KUBECONFIG`, then `~/.kube/config`. */
export interface KubeconfigSource {
  readonly file?: string
  readonly text?: string
  /** Default: its `current-context`. */
  readonly context?: string
}

/** A kubeconfig's own shape, as far as it is used here. */
interface Kubeconfig {
  readonly "current-context"?: string
  readonly contexts?: ReadonlyArray<{ readonly name: string; readonly context?: Context }> | null
  readonly clusters?: ReadonlyArray<{ readonly name: string; readonly cluster?: Cluster }> | null
  readonly users?: ReadonlyArray<{ readonly name: string; readonly user?: User }> | null
}

interface Context {
  readonly cluster?: string
  readonly user?: string
  readonly namespace?: string
}

interface Cluster {
  readonly server?: string
  readonly "certificate-authority"?: string
  readonly "certificate-authority-data"?: string
  readonly "insecure-skip-tls-verify"?: boolean
  readonly "tls-server-name"?: string
  readonly "proxy-url"?: string
}

interface User {
  readonly "client-certificate"?: string
  readonly "client-certificate-data"?: string
  readonly "client-key"?: string
  readonly "client-key-data"?: string
  readonly token?: string
  readonly tokenFile?: string
  readonly username?: string
  readonly password?: string
  readonly exec?: unknown
  readonly "auth-provider"?: unknown
  readonly as?: string
  readonly "as-uid"?: string
  readonly "as-groups"?: ReadonlyArray<string>
  readonly "as-user-extra"?: Readonly<Record<string, ReadonlyArray<string>>>
}

/** What was found under a name, and the folder that relative paths in it start from. */
interface Found<A> {
  readonly value: A
  readonly folder: string
}

/** The connection that a kubeconfig's context describes; files it names are read now, a `tokenFile` at each use. */
export const loadKubeconfig = (source: KubeconfigSource = {}): Effect.Effect<Connection, KubeconfigError> =>
  Effect.tryPromise({
    try: async () => connectionOf(await read(source), source.context),
    catch: (cause) =>
      cause instanceof KubeconfigError ? cause : new KubeconfigError({ message: `kubeconfig: ${messageOf(cause)}`, cause })
  })

const fail = (message: string): never => {
  throw new KubeconfigError({ message: `kubeconfig: ${message}` })
}

const read = async (source: KubeconfigSource): Promise<ReadonlyArray<Found<Kubeconfig>>> => {
  if (source.text !== undefined) return [{ value: await parse(source.text, "the text"), folder: process.cwd() }]
  const named = source.file !== undefined ? [source.file] : (process.env["KUBECONFIG"] ?? "").split(delimiter).filter(Boolean)
  const files = named.length > 0 ? named : [join(homedir(), ".kube", "config")]
  const found: Array<Found<Kubeconfig>> = []
  for (const file of files) {
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      // Of the files in $KUBECONFIG some may be missing, as with kubectl.
      if (error.code === "ENOENT" && files.length > 1) return undefined
      throw error
    })
    if (text !== undefined) found.push({ value: await parse(text, file), folder: dirname(resolve(file)) })
  }
  return found
}

const parse = async (text: string, where: string): Promise<Kubeconfig> => {
  // The YAML parser is large, and most programs that use this package never need it.
  const { parse: parseYaml } = await import("yaml")
  const value: unknown = parseYaml(text)
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : fail(`${where} is not a kubeconfig`)
}

const connectionOf = async (configs: ReadonlyArray<Found<Kubeconfig>>, wanted: string | undefined): Promise<Connection> => {
  const name = wanted ?? configs.map(({ value }) => value["current-context"]).find(Boolean) ?? fail("no current-context is set")
  const context = find(configs, "contexts", name)?.value.context ?? fail(`there is no context ${JSON.stringify(name)}`)
  const cluster =
    find(configs, "clusters", context.cluster ?? "") ?? fail(`there is no cluster ${JSON.stringify(context.cluster)}`)
  const user = find(configs, "users", context.user ?? "")
  if (user === undefined && context.user) fail(`there is no user ${JSON.stringify(context.user)}`)
  return {
    ...(await clusterOf(cluster.value.cluster ?? {}, cluster.folder)),
    ...(user === undefined ? {} : await userOf(user.value.user ?? {}, user.folder)),
    namespace: context.namespace || "default"
  }
}

// Of several files the first that defines a name wins.
const find = <K extends "contexts" | "clusters" | "users">(configs: ReadonlyArray<Found<Kubeconfig>>, list: K, name: string) => {
  for (const { value, folder } of configs) {
    const entries = (value[list] ?? []) as ReadonlyArray<NonNullable<Kubeconfig[K]>[number]>
    const entry = entries.find((one) => one.name === name)
    if (entry !== undefined) return { value: entry, folder }
  }
  return undefined
}

const clusterOf = async (cluster: Cluster, folder: string) => {
  if (cluster["proxy-url"]) fail("proxy-url is not supported yet")
  const ca = await pem(cluster["certificate-authority-data"], cluster["certificate-authority"], folder)
  return {
    server: cluster.server ?? fail("the cluster has no server"),
    ...(ca === undefined ? {} : { ca }),
    ...(cluster["insecure-skip-tls-verify"] === true ? { insecureSkipTlsVerify: true } : {}),
    ...(cluster["tls-server-name"] ? { tlsServerName: cluster["tls-server-name"] } : {})
  }
}

const userOf = async (user: User, folder: string) => {
  if (user.exec) fail("exec credential plugins are not supported yet; use a token or a client certificate")
  if (user["auth-provider"]) fail("auth-provider is not supported; Kubernetes itself has removed it")
  const cert = await pem(user["client-certificate-data"], user["client-certificate"], folder)
  const key = await pem(user["client-key-data"], user["client-key"], folder)
  return {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(user.token ? { token: user.token } : {}),
    ...(user.tokenFile ? { tokenFile: resolve(folder, user.tokenFile) } : {}),
    ...(user.username ? { username: user.username } : {}),
    ...(user.password ? { password: user.password } : {}),
    ...(user.as ? { impersonate: impersonationOf(user, user.as) } : {})
  }
}

const impersonationOf = (user: User, name: string): Impersonation => ({
  user: name,
  ...(user["as-uid"] ? { uid: user["as-uid"] } : {}),
  ...(user["as-groups"] ? { groups: user["as-groups"] } : {}),
  ...(user["as-user-extra"] ? { extra: user["as-user-extra"] } : {})
})

// Data in the file wins over the name of a file.
const pem = async (data: string | undefined, file: string | undefined, folder: string): Promise<string | undefined> => {
  if (data) return Buffer.from(data, "base64").toString("utf8")
  return file ? await readFile(resolve(folder, file), "utf8") : undefined
}
