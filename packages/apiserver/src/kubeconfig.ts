/** Writes the kubeconfig of one user of one cluster. @module */

/** PEM texts; they are put in, not referred to. */
export interface KubeconfigSpec {
  readonly server: string
  readonly authority: string
  readonly user: string
  readonly cert: string
  readonly key: string
  /** Default `tsukube`. */
  readonly cluster?: string
}

/** YAML text. */
export const kubeconfigText = ({ server, authority, user, cert, key, cluster = "tsukube" }: KubeconfigSpec): string => {
  const base64 = (text: string) => Buffer.from(text).toString("base64")
  const quoted = (text: string) => JSON.stringify(text)
  const context = `${user}@${cluster}`
  return `apiVersion: v1
kind: Config
clusters:
- name: ${quoted(cluster)}
  cluster:
    server: ${quoted(server)}
    certificate-authority-data: ${base64(authority)}
users:
- name: ${quoted(user)}
  user:
    client-certificate-data: ${base64(cert)}
    client-key-data: ${base64(key)}
contexts:
- name: ${quoted(context)}
  context:
    cluster: ${quoted(cluster)}
    user: ${quoted(user)}
current-context: ${quoted(context)}
`
}
