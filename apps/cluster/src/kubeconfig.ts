/** Writes kubeconfig files: how a user or a node reaches the cluster, and as whom. @module */
import { mkdirSync } from "node:fs"
import { dirname } from "node:path"
import { type KubeconfigSpec, kubeconfigText } from "@tsukube/apiserver"
import { writeFileAtomic } from "@tsukube/host"

/** Writes the file, readable by its owner only, as it holds a private key. */
export const writeKubeconfig = (path: string, spec: KubeconfigSpec): void => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileAtomic(path, kubeconfigText(spec), { mode: 0o600 })
}
