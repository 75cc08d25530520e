/** Subresources that read like the whole object and write a part of it: what each may touch. @module */
import type { KubernetesObject } from "@tsukube/api"
import type { CertificateSigningRequest } from "@tsukube/api/certificates-v1"
import type { Container, Namespace, Pod } from "@tsukube/api/core-v1"
import { withMetadata } from "../object-meta.ts"
import type { Serving } from "../serving.ts"
import { withApproval } from "../strategies/certificate-signing-requests.ts"
import type { Change } from "./update.ts"

type Merge = NonNullable<Change["merge"]>

/** `certificatesigningrequests/approval`: the conditions. */
export const approval =
  (serving: Serving): Merge =>
  (next, old) =>
    withApproval(next as CertificateSigningRequest, old as CertificateSigningRequest, serving.now())

/** `namespaces/finalize`: the finalizers of the spec. */
export const finalize: Merge = (next, old): KubernetesObject => {
  const { finalizers = [] } = (next as Namespace).spec ?? {}
  const { spec: before, ...rest } = old as Namespace
  const { finalizers: _, ...spec } = before ?? {}
  return withMetadata(
    { ...rest, spec: { ...spec, ...(finalizers.length === 0 ? {} : { finalizers }) } } as Namespace,
    next.metadata ?? {}
  )
}

/** `pods/ephemeralcontainers`: debugging containers come, and never go. */
export const ephemeralContainers: Merge = (next, old) => {
  const { ephemeralContainers = [] } = (next as Pod).spec ?? {}
  const pod = old as Pod
  return withMetadata({ ...pod, spec: { ...pod.spec, ephemeralContainers } } as Pod, next.metadata ?? {})
}

/** The old containers with the resources (and what goes with them) of the new ones of the same name. */
const resized = (before: ReadonlyArray<Container>, next: ReadonlyArray<Container>): ReadonlyArray<Container> =>
  before.map((container) => {
    const { resources, resizePolicy } = next.find(({ name }) => name === container.name) ?? container
    return {
      ...container,
      ...(resources === undefined ? {} : { resources }),
      ...(resizePolicy === undefined ? {} : { resizePolicy })
    }
  })

/** `pods/resize`: what containers ask for and may use. */
export const resize: Merge = (next, old) => {
  const pod = old as Pod
  const { containers = [], initContainers = [] } = (next as Pod).spec ?? {}
  if (pod.spec === undefined) return old
  const spec = {
    ...pod.spec,
    containers: resized(pod.spec.containers, containers),
    ...(pod.spec.initContainers === undefined ? {} : { initContainers: resized(pod.spec.initContainers, initContainers) })
  }
  return withMetadata({ ...pod, spec } as Pod, next.metadata ?? {})
}
