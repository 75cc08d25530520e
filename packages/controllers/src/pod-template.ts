/** A pod as a controller's template asks for it. Pure. @module */
import { type KubernetesObject, ownerReference, type Resource } from "@tsukube/api"
import type { Pod, PodTemplateSpec } from "@tsukube/api/core-v1"
import { namespaceOf } from "./object.ts"

/** The template's pod, owned, in its owner's namespace, and without a name. */
export const podFrom = (template: PodTemplateSpec | undefined, owner: KubernetesObject, resource: Resource): Pod => {
  const { labels, annotations, finalizers } = template?.metadata ?? {}
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace: namespaceOf(owner),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [ownerReference(owner, resource)]
    },
    ...(template?.spec === undefined ? {} : { spec: template.spec })
  }
}
