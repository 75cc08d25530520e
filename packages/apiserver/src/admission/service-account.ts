/** A pod acts as a service account: the default one unless it says so, with a token it can read. @module */
import { forbidden, generateName } from "@tsukube/api"
import { type Container, type Pod, type PodSpec, type ServiceAccount, serviceaccounts, type Volume } from "@tsukube/api/core-v1"
import { servedOf } from "../served.ts"
import type { Serving } from "../serving.ts"
import { keyOf } from "../stored.ts"
import { readStore } from "../write.ts"
import { type AdmissionPlugin, type AdmissionRequest, isResource } from "./admission.ts"

const mirrorKey = "kubernetes.io/config.mirror"
const mountPath = "/var/run/secrets/kubernetes.io/serviceaccount"
/** An hour, and a bit that tells the server's own tokens from those asked for. */
const expirationSeconds = 3607
/** A namespace's default account is made by a controller just after the namespace: pods of the first second wait for it. */
const defaultAccountWithinMs = 1500

const volumeOf = (name: string): Volume => ({
  name,
  projected: {
    defaultMode: 420,
    sources: [
      { serviceAccountToken: { path: "token", expirationSeconds } },
      { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
      { downwardAPI: { items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }] } }
    ]
  }
})

const findAccount = async (serving: Serving, namespace: string, name: string): Promise<ServiceAccount | undefined> => {
  const cached = serving.registry.get(serviceaccounts, { namespace, name })
  if (cached !== undefined) return cached
  const stored = await readStore(serving, keyOf(servedOf(serviceaccounts).stored, namespace, name))
  if (stored !== undefined || name !== "default") return stored?.object as ServiceAccount | undefined
  return appearing(serving, namespace, name)
}

/** The account as soon as it is there; undefined when that takes too long. */
const appearing = (serving: Serving, namespace: string, name: string): Promise<ServiceAccount | undefined> =>
  new Promise((resolve) => {
    const finish = (account: ServiceAccount | undefined): void => {
      clearTimeout(timer)
      stop()
      resolve(account)
    }
    const timer = setTimeout(() => finish(undefined), defaultAccountWithinMs)
    const stop = serving.registry.onChange(serviceaccounts, () => {
      const account = serving.registry.get(serviceaccounts, { namespace, name })
      if (account !== undefined) finish(account)
    })
  })

const requiredAccount = async (serving: Serving, request: AdmissionRequest, name: string): Promise<ServiceAccount> => {
  const account = await findAccount(serving, request.namespace, name)
  if (account !== undefined) return account
  const message = `error looking up service account ${request.namespace}/${name}: serviceaccount "${name}" not found`
  throw forbidden(request.resource, request.name, message)
}

/** The containers with the token's volume mounted where they mount nothing else. */
const mounted = (containers: ReadonlyArray<Container>, volume: string): ReadonlyArray<Container> =>
  containers.map((container) => {
    const mounts = container.volumeMounts ?? []
    if (mounts.some((mount) => mount.mountPath === mountPath)) return container
    return { ...container, volumeMounts: [...mounts, { name: volume, readOnly: true, mountPath }] }
  })

const withToken = (spec: PodSpec): PodSpec => {
  // Validation comes later: containers may still be missing.
  const { containers = [], initContainers = [] } = spec
  const all = [...initContainers, ...containers]
  const isMounted = (container: Container): boolean =>
    (container.volumeMounts ?? []).some((mount) => mount.mountPath === mountPath)
  if (all.every(isMounted)) return spec
  const name = generateName("kube-api-access-")
  return {
    ...spec,
    containers: mounted(containers, name),
    ...(spec.initContainers === undefined ? {} : { initContainers: mounted(initContainers, name) }),
    volumes: [...(spec.volumes ?? []), volumeOf(name)]
  }
}

export const serviceAccount: AdmissionPlugin = {
  name: "ServiceAccount",
  mutate: async (serving, request) => {
    const { object, operation } = request
    if (operation !== "CREATE" || !isResource(request, "", "pods")) return object
    const pod = object as Pod
    // What a kubelet shows of its static pods uses no API.
    if (pod.spec === undefined || pod.metadata?.annotations?.[mirrorKey] !== undefined) return object
    const name = pod.spec.serviceAccountName || pod.spec.serviceAccount || "default"
    const account = await requiredAccount(serving, request, name)
    const { imagePullSecrets = [] } = pod.spec
    const inherited = imagePullSecrets.length > 0 ? imagePullSecrets : (account.imagePullSecrets ?? [])
    const spec: PodSpec = {
      ...pod.spec,
      serviceAccountName: name,
      serviceAccount: name,
      ...(inherited.length === 0 ? {} : { imagePullSecrets: inherited })
    }
    const automount = pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true
    return Object.assign({}, pod, { spec: automount ? withToken(spec) : spec })
  }
}
