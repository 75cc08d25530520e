/** Defaults of pods and of pod templates, which differ in a few fields. @module */
import { onceIfFrozen } from "../frozen.ts"
import { addQuantity, formatQuantity, parseQuantity } from "../quantity.ts"
import type {
  Container,
  ContainerPort,
  EnvVar,
  EphemeralContainer,
  Lifecycle,
  LifecycleHandler,
  Pod,
  PodSpec,
  PodTemplateSpec,
  Probe,
  ResourceRequirements
} from "../types/core-v1.ts"
import { change, each, fill, fillZero, maybe } from "./fill.ts"
import { pullPolicyOf } from "./image.ts"
import { defaultVolume } from "./volume.ts"

/** A pod: everything a template gets, and what is only decided when the pod is made. */
export const defaultPod = (pod: Pod): Pod => change(pod, { spec: maybe(pod.spec, wholeSpec) })

/** A template: its pods get the rest when they are made. */
export const defaultPodTemplate = (template: PodTemplateSpec): PodTemplateSpec =>
  change(fill(template, { metadata: {} }), { spec: maybe(template.spec, defaultPodSpec) })

const ownSpec = (spec: PodSpec): PodSpec => {
  const container = <C extends Container | EphemeralContainer>(c: C): C =>
    requestLimits(spec.hostNetwork === true ? hostPorts(c) : c)
  const own = change(fill(spec, { enableServiceLinks: true }), {
    containers: each(spec.containers, container),
    initContainers: each(spec.initContainers, container)
  })
  return change(own, { resources: maybe(own.resources, (resources) => requestWhole(resources, own.containers ?? [])) })
}

/** A whole pod asks for what its containers ask for together, else for what it is limited to (KEP 2837). */
const requestWhole = (resources: ResourceRequirements, containers: ReadonlyArray<Container>): ResourceRequirements => {
  const { limits = {}, requests = {} } = resources
  if (Object.keys(limits).length + Object.keys(requests).length === 0) return resources
  const added: Record<string, string> = {}
  for (const name of new Set(["cpu", "memory", ...Object.keys(limits)])) {
    if (Object.hasOwn(requests, name)) continue
    const asked = containers.flatMap((container) => container.resources?.requests?.[name] ?? [])
    const sum = asked.length === 0 ? limits[name] : formatQuantity(asked.map(parseQuantity).reduce((a, b) => addQuantity(a, b)))
    if (sum !== undefined) added[name] = sum
  }
  return Object.keys(added).length === 0 ? resources : { ...resources, requests: { ...requests, ...added } }
}

/** What a container is limited to it also asks for, unless it says otherwise. */
const requestLimits = <C extends Container | EphemeralContainer>(container: C): C => {
  const { limits, requests } = container.resources ?? {}
  if (limits === undefined || Object.keys(limits).every((name) => requests !== undefined && Object.hasOwn(requests, name)))
    return container
  return { ...container, resources: { ...container.resources, requests: { ...limits, ...requests } } }
}

/** On the host's network a port of the container is a port of the host. */
const hostPorts = <C extends Container | EphemeralContainer>(container: C): C =>
  change<Container | EphemeralContainer>(container, {
    ports: each(container.ports, (port) => fillZero(port, { hostPort: port.containerPort }))
  }) as C

const defaultPodSpec = (spec: PodSpec): PodSpec => {
  const account = spec.serviceAccountName || spec.serviceAccount
  return change(
    fill(spec, {
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      // The older of the two names is still written beside the newer one.
      serviceAccountName: account || undefined,
      securityContext: {},
      schedulerName: "default-scheduler"
    }),
    {
      serviceAccount: account || undefined,
      containers: each(spec.containers, defaultContainer),
      initContainers: each(spec.initContainers, defaultContainer),
      ephemeralContainers: each(spec.ephemeralContainers, defaultContainer),
      volumes: each(spec.volumes, defaultVolume)
    }
  )
}

const defaultContainer = <C extends Container | EphemeralContainer>(container: C): C => {
  const full: Container | EphemeralContainer = change<Container | EphemeralContainer>(
    fill<Container | EphemeralContainer>(container, {
      // Upstream writes the empty object even when nothing is asked for.
      resources: {},
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
      imagePullPolicy: pullPolicyOf(container.image ?? "")
    }),
    {
      ports: each(container.ports, defaultPort),
      env: each(container.env, defaultEnv),
      livenessProbe: maybe(container.livenessProbe, defaultProbe),
      readinessProbe: maybe(container.readinessProbe, defaultProbe),
      startupProbe: maybe(container.startupProbe, defaultProbe),
      lifecycle: maybe(container.lifecycle, defaultLifecycle)
    }
  )
  return full as C
}

const wholeSpec = onceIfFrozen((spec: PodSpec): PodSpec => ownSpec(defaultPodSpec(spec)))

const defaultPort = (port: ContainerPort): ContainerPort => fill(port, { protocol: "TCP" })

const defaultEnv = (variable: EnvVar): EnvVar =>
  change(variable, {
    valueFrom: maybe(variable.valueFrom, (source) =>
      change(source, { fieldRef: maybe(source.fieldRef, (field) => fill(field, { apiVersion: "v1" })) })
    )
  })

const defaultProbe = (probe: Probe): Probe =>
  change(fillZero(probe, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }), {
    httpGet: maybe(probe.httpGet, (action) => fill(action, { path: "/", scheme: "HTTP" })),
    grpc: maybe(probe.grpc, (action) => fill(action, { service: "" }))
  })

const defaultLifecycle = (lifecycle: Lifecycle): Lifecycle =>
  change(lifecycle, { postStart: maybe(lifecycle.postStart, defaultHandler), preStop: maybe(lifecycle.preStop, defaultHandler) })

const defaultHandler = (handler: LifecycleHandler): LifecycleHandler =>
  change(handler, { httpGet: maybe(handler.httpGet, (action) => fill(action, { path: "/", scheme: "HTTP" })) })
