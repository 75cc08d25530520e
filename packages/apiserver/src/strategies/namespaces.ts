/** A namespace stays until its content is gone: a finalizer in its spec, which only the finalize subresource takes off. @module */
import type { Namespace } from "@tsukube/api/core-v1"
import type { Strategy } from "./strategy.ts"

const nameLabel = "kubernetes.io/metadata.name"

/** Every namespace can be selected by its name. */
const labelled = (namespace: Namespace): Namespace => ({
  ...namespace,
  metadata: {
    ...namespace.metadata,
    labels: { ...namespace.metadata?.labels, [nameLabel]: namespace.metadata?.name ?? "" }
  }
})

export const namespaces: Strategy<Namespace> = {
  returnsDeleted: true,
  create: (namespace) => {
    const finalizers = namespace.spec?.finalizers ?? []
    const spec = { ...namespace.spec, finalizers: finalizers.includes("kubernetes") ? finalizers : [...finalizers, "kubernetes"] }
    return { ...labelled(namespace), spec, status: { phase: "Active" } }
  },
  update: (namespace, old) => ({ ...labelled(namespace), spec: old.spec ?? {} }),
  held: (namespace) => (namespace.spec?.finalizers?.length ?? 0) > 0,
  terminate: (namespace) => ({ ...namespace, status: { ...namespace.status, phase: "Terminating" } })
}
