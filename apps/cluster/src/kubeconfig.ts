/** Writes kubeconfig files: how a user or a node reaches the cluster, and as whom. @module */
import { mkdirSync } from "node:fs"
import { dirname } from "node:path"
import type { CertificatePair } from "@tsukube/apiserver/certificates"
import { writeFileAtomic } from "@tsukube/host"
import { stringify } from "yaml"

export interface KubeconfigSpec {
  /** The API server's URL. */
  readonly server: string
  /** The authority's certificate, PEM. */
  readonly authority: string
  /** The user's name in the file; who the user is to the server, its certificate says. */
  readonly user: string
  readonly credentials: CertificatePair
}

const base64 = (text: string): string => Buffer.from(text).toString("base64")

/** Writes the file, readable by its owner only, as it holds a private key. */
export const writeKubeconfig = (path: string, { server, authority, user, credentials }: KubeconfigSpec): void => {
  const name = "tsukube"
  mkdirSync(dirname(path), { recursive: true })
  const text = stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, "certificate-authority-data": base64(authority) } }],
    users: [
      { name: user, user: { "client-certificate-data": base64(credentials.cert), "client-key-data": base64(credentials.key) } }
    ],
    contexts: [{ name, context: { cluster: name, user } }],
    "current-context": name
  })
  writeFileAtomic(path, text, { mode: 0o600 })
}
