/** Subresources that read like the whole object and write a part of it: what each may touch. @module */
import { isDeepStrictEqual } from "node:util"
import { type FieldError, fieldError, invalid, type KubernetesObject } from "@tsukube/api"
import type { CertificateSigningRequest } from "@tsukube/api/certificates-v1"
import { type Container, type Namespace, type Pod, pods } from "@tsukube/api/core-v1"
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
  const errors = (pod.spec?.ephemeralContainers ?? []).flatMap((container): ReadonlyArray<FieldError> => {
    const same = ephemeralContainers.find(({ name }) => name === container.name)
    if (same !== undefined && isDeepStrictEqual(same, container)) return []
    const what = same === undefined ? "removed" : "changed"
    const detail = `existing ephemeral containers ${JSON.stringify(container.name)} may not be ${what}\n`
    return [fieldError.forbidden("spec.ephemeralContainers", detail)]
  })
  if (errors.length > 0) throw invalid(pods, pod.metadata?.name ?? "", errors)
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
