/** Translates a pod and its containers into what the runtime is asked for. @module */
import { join } from "node:path"
import type { Container, Pod } from "@tsukube/api/core-v1"
import { expand, type Variable } from "./environment.ts"
import type { DnsConfig } from "./network-files.ts"
import { linuxResourcesOf } from "./resources.ts"
import { type ContainerKind, containerHash, isSidecar } from "./restart.ts"
import {
  annotationKeys,
  type ContainerEnd,
  type ContainerMount,
  type ContainerSpec,
  labelKeys,
  type SandboxSpec
} from "./runtime.ts"
import { seccompOf, securityOf, supplementalGroupsOf } from "./security.ts"
import { subPathOf } from "./volume/volumes.ts"

/** Where the logs of a pod's containers are. */
export const logFolder = (logDir: string, pod: Pod): string =>
  join(logDir, `${pod.metadata?.namespace}_${pod.metadata?.name}_${pod.metadata?.uid}`)

const podLabels = (pod: Pod): Readonly<Record<string, string>> => ({
  [labelKeys.podName]: pod.metadata?.name ?? "",
  [labelKeys.podNamespace]: pod.metadata?.namespace ?? "",
  [labelKeys.podUid]: pod.metadata?.uid ?? ""
})

/** The sandbox of a pod. */
export const sandboxSpecOf = (
  pod: Pod,
  options: {
    readonly attempt: number
    readonly hostname: string
    readonly dns: DnsConfig
    readonly logDir: string
    readonly seccompDir: string
  }
): SandboxSpec => {
  const { spec, metadata } = pod
  const context = spec?.securityContext
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])]
  return {
    name: metadata?.name ?? "",
    namespace: metadata?.namespace ?? "",
    uid: metadata?.uid ?? "",
    attempt: options.attempt,
    // On the node's network a pod has the node's name too, and the runtime refuses another one.
    hostname: spec?.hostNetwork === true ? "" : options.hostname,
    logDirectory: logFolder(options.logDir, pod),
    dns: options.dns,
    portMappings: containers.flatMap(({ ports }) =>
      (ports ?? []).flatMap(({ containerPort, hostPort, hostIP, protocol }) =>
        hostPort === undefined || hostPort === 0 || spec?.hostNetwork === true
          ? []
          : [{ containerPort, hostPort, hostIp: hostIP ?? "", protocol: protocol ?? "TCP" }]
      )
    ),
    labels: { ...metadata?.labels, ...podLabels(pod) },
    annotations: metadata?.annotations ?? {},
    // The runtime's own default: folders we named ourselves would be left behind by it.
    cgroupParent: "",
    sysctls: Object.fromEntries((context?.sysctls ?? []).map(({ name, value }) => [name, value])),
    share: {
      network: spec?.hostNetwork === true,
      pid: spec?.hostPID === true,
      ipc: spec?.hostIPC === true,
      processes: spec?.shareProcessNamespace === true
    },
    privileged: containers.some(({ securityContext }) => securityContext?.privileged === true),
    ...(context?.runAsUser === undefined ? {} : { runAsUser: context.runAsUser }),
    ...(context?.runAsGroup === undefined ? {} : { runAsGroup: context.runAsGroup }),
    supplementalGroups: supplementalGroupsOf(pod),
    seccomp:
      context?.seccompProfile === undefined ? { type: "RuntimeDefault" } : seccompOf(context.seccompProfile, options.seccompDir),
    handler: ""
  }
}

/** What a container of a pod with this restart policy does in the end. */
export const endOf = (pod: Pod, container: Container, kind: ContainerKind): ContainerEnd => {
  if (kind === "ephemeral") return "never"
  if (kind === "init") return isSidecar(container) ? "never" : "init"
  return (container.restartPolicy ?? pod.spec?.restartPolicy ?? "Always") === "Always" ? "never" : "run"
}

/** The TCP ports that a container declares. */
export const portsOf = ({ ports = [] }: Container): ReadonlyArray<number> =>
  ports.filter(({ protocol = "TCP" }) => protocol === "TCP").map(({ containerPort }) => containerPort)

/** One container of a pod. */
export const containerSpecOf = (
  pod: Pod,
  container: Container,
  options: {
    readonly kind: ContainerKind
    readonly targetId?: string | undefined
    readonly attempt: number
    readonly environment: ReadonlyArray<Variable>
    readonly mounts: ReadonlyArray<ContainerMount>
    readonly nodeMemoryBytes: number
    readonly seccompDir: string
  }
): ContainerSpec => {
  const values = new Map(options.environment.map(({ name, value }) => [name, value]))
  return {
    name: container.name,
    attempt: options.attempt,
    image: container.image ?? "",
    command: (container.command ?? []).map((word) => expand(word, values)),
    args: (container.args ?? []).map((word) => expand(word, values)),
    workingDir: container.workingDir ?? "",
    environment: options.environment,
    mounts: options.mounts,
    labels: { ...podLabels(pod), [labelKeys.container]: container.name },
    annotations: {
      [annotationKeys.hash]: containerHash(container),
      [annotationKeys.restartCount]: String(options.attempt),
      [annotationKeys.terminationMessagePath]: container.terminationMessagePath ?? "/dev/termination-log",
      [annotationKeys.terminationMessagePolicy]: container.terminationMessagePolicy ?? "File",
      [annotationKeys.gracePeriod]: String(pod.spec?.terminationGracePeriodSeconds ?? 30),
      ...(container.lifecycle?.preStop === undefined
        ? {}
        : { [annotationKeys.preStop]: JSON.stringify(container.lifecycle.preStop) })
    },
    logPath: join(container.name, `${options.attempt}.log`),
    ports: portsOf(container),
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    resources: linuxResourcesOf(pod, container, options.nodeMemoryBytes),
    security: securityOf(pod, container, options.seccompDir),
    ...(options.targetId === undefined ? {} : { targetId: options.targetId }),
    ends: endOf(pod, container, options.kind)
  }
}

/** The mounts of a container: its volume mounts, where each volume is on the node. Throws where a volume or subPath is wrong. */
export const volumeMountsOf = (
  pod: Pod,
  container: Container,
  paths: ReadonlyMap<string, string>,
  values: ReadonlyMap<string, string>
): ReadonlyArray<ContainerMount> =>
  (container.volumeMounts ?? []).map((mount) => {
    const isReadOnly = pod.spec?.volumes?.some(
      ({ name, persistentVolumeClaim }) => name === mount.name && persistentVolumeClaim?.readOnly === true
    )
    const volume = paths.get(mount.name)
    if (volume === undefined) throw new Error(`cannot find volume "${mount.name}" to mount into container "${container.name}"`)
    const subPath = mount.subPathExpr === undefined ? (mount.subPath ?? "") : expand(mount.subPathExpr, values)
    return {
      containerPath: mount.mountPath.startsWith("/") ? mount.mountPath : `/${mount.mountPath}`,
      hostPath: subPath === "" ? volume : subPathOf(volume, subPath),
      readOnly: mount.readOnly === true || isReadOnly === true,
      propagation: mount.mountPropagation ?? "None"
    }
  })
