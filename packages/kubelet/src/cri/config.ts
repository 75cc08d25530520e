/** Our words for sandboxes and containers in CRI's. @module */
import type { ContainerResources, ContainerSpec, SandboxSpec, SeccompProfile, SharedNamespaces } from "../runtime.ts"

const encoder = new TextEncoder()

const int64 = (value: number | undefined): object => (value === undefined ? {} : { value })

const seccomp = (profile: SeccompProfile): object => ({
  profile_type: profile.type,
  ...(profile.type === "Localhost" ? { localhost_ref: profile.path } : {})
})

/** The process namespace is the container's own unless the pod shares one; CRI's default would be the sandbox's. */
const namespaces = (share: SharedNamespaces): object => ({
  network: share.network ? "NODE" : "POD",
  ipc: share.ipc ? "NODE" : "POD",
  pid: share.pid ? "NODE" : share.processes ? "POD" : "CONTAINER"
})

const identity = (who: { readonly runAsUser?: number; readonly runAsGroup?: number }): object => ({
  ...(who.runAsUser === undefined ? {} : { run_as_user: int64(who.runAsUser) }),
  ...(who.runAsGroup === undefined ? {} : { run_as_group: int64(who.runAsGroup) })
})

/** The `PodSandboxConfig` of a sandbox. */
export const sandboxConfig = (spec: SandboxSpec): object => ({
  metadata: { name: spec.name, namespace: spec.namespace, uid: spec.uid, attempt: spec.attempt },
  hostname: spec.hostname,
  log_directory: spec.logDirectory,
  ...(spec.dns === undefined ? {} : { dns_config: spec.dns }),
  port_mappings: spec.portMappings.map(({ protocol, containerPort, hostPort, hostIp }) => ({
    protocol,
    container_port: containerPort,
    host_port: hostPort,
    host_ip: hostIp
  })),
  labels: spec.labels,
  annotations: spec.annotations,
  linux: {
    cgroup_parent: spec.cgroupParent,
    sysctls: spec.sysctls,
    security_context: {
      namespace_options: namespaces(spec.share),
      privileged: spec.privileged,
      supplemental_groups: spec.supplementalGroups,
      seccomp: seccomp(spec.seccomp),
      ...identity(spec)
    }
  }
})

const propagations = {
  None: "PROPAGATION_PRIVATE",
  HostToContainer: "PROPAGATION_HOST_TO_CONTAINER",
  Bidirectional: "PROPAGATION_BIDIRECTIONAL"
} as const

/** The `LinuxContainerResources` of a container. */
export const linuxResources = (resources: ContainerResources): object => ({
  cpu_period: resources.cpuPeriod,
  cpu_quota: resources.cpuQuota,
  cpu_shares: resources.cpuShares,
  memory_limit_in_bytes: resources.memoryLimitBytes,
  oom_score_adj: resources.oomScoreAdjust
})

/** What the kernel shows under /proc and /sys that containers have no business with, as upstream's default. */
const maskedPaths = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap"
]
const readOnlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]

/** The `ContainerConfig` of a container. */
export const containerConfig = (spec: ContainerSpec, sandbox: SandboxSpec): object => {
  const { security } = spec
  const unmasked = security.privileged || security.unmaskedProc
  return {
    metadata: { name: spec.name, attempt: spec.attempt },
    image: { image: spec.image },
    command: spec.command,
    args: spec.args,
    working_dir: spec.workingDir,
    envs: spec.environment.map(({ name, value }) => ({ key: name, value: encoder.encode(value) })),
    mounts: spec.mounts.map((mount) => ({
      container_path: mount.containerPath,
      host_path: mount.hostPath,
      readonly: mount.readOnly,
      propagation: propagations[mount.propagation]
    })),
    labels: spec.labels,
    annotations: spec.annotations,
    log_path: spec.logPath,
    stdin: spec.stdin,
    stdin_once: spec.stdinOnce,
    tty: spec.tty,
    linux: {
      resources: linuxResources(spec.resources),
      security_context: {
        privileged: security.privileged,
        capabilities: { add_capabilities: security.capabilities.add, drop_capabilities: security.capabilities.drop },
        namespace_options: {
          ...namespaces(sandbox.share),
          ...(spec.targetId === undefined ? {} : { pid: "TARGET", target_id: spec.targetId })
        },
        readonly_rootfs: security.readOnlyRootFilesystem,
        supplemental_groups: security.supplementalGroups,
        no_new_privs: security.noNewPrivileges,
        seccomp: seccomp(security.seccomp),
        masked_paths: unmasked ? [] : maskedPaths,
        readonly_paths: unmasked ? [] : readOnlyPaths,
        ...identity(security)
      }
    }
  }
}
