/** The ConfigMap that tells every namespace whom to trust. Pure. @module */
import type { ConfigMap, Namespace } from "@tsukube/api/core-v1"
import { isDeleting, nameOf } from "../object.ts"

/** Its name in every namespace; projected service account volumes read it. */
export const rootCaName = "kube-root-ca.crt"

const descriptionAnnotation = "kubernetes.io/description"
const description =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. " +
  "No other usage is guaranteed across distributions of Kubernetes clusters."

/** The ConfigMap to write; undefined when the current one is right or the namespace is going. */
export const planRootCa = (namespace: Namespace, current: ConfigMap | undefined, rootCa: string): ConfigMap | undefined => {
  if (isDeleting(namespace) || namespace.status?.phase === "Terminating") return undefined
  const data = { "ca.crt": rootCa }
  const isRight =
    current?.data?.["ca.crt"] === rootCa &&
    Object.keys(current.data).length === 1 &&
    current.metadata?.annotations?.[descriptionAnnotation] === description
  if (isRight) return undefined
  const annotations = { ...current?.metadata?.annotations, [descriptionAnnotation]: description }
  return {
    ...current,
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { ...(current?.metadata ?? { name: rootCaName, namespace: nameOf(namespace) }), annotations },
    data
  }
}
