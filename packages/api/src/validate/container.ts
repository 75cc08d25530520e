/** Validation of containers, but for their environment, probes and resources. @module */
import { duplicate, forbidden, invalid, notFound, required } from "../field-error.ts"
import { isDns1123Label, isPortName, isPortNumber } from "../name.ts"
import type { Container, ContainerPort, EphemeralContainer, PodSpec, VolumeMount } from "../types/core-v1.ts"
import { validateEnv } from "./env.ts"
import { breaks, type Findings, type Loose, mayBeOneOf, mayHaveForm, needsForm, needsOneOf } from "./findings.ts"
import { validateResizePolicy, validateRestartRules } from "./pod-parts.ts"
import { validateLifecycle, validateProbes } from "./probe.ts"
import { validateResources } from "./resources.ts"
import { validateContainerSecurity } from "./security.ts"

const protocols = ["SCTP", "TCP", "UDP"]

/** All containers of a pod; names are unique over the three lists. */
export function* validateContainers(spec: Loose<PodSpec>, path: string): Findings {
  const names = new Set<string>()
  const volumes: ReadonlySet<string> = new Set((spec.volumes ?? []).map(({ name = "" }) => name))
  if ((spec.containers ?? []).length === 0) yield required(`${path}.containers`)
  for (const list of ["initContainers", "containers", "ephemeralContainers"] as const) {
    for (const [i, container] of (spec[list] ?? []).entries()) {
      const at = `${path}.${list}[${i}]`
      if (container.name !== undefined && names.has(container.name)) yield duplicate(`${at}.name`, container.name)
      names.add(container.name ?? "")
      yield* validateContainer(container, volumes, spec, at)
      if (spec.hostNetwork === true) yield* validateHostNetworkPorts(container.ports ?? [], `${at}.ports`)
      // An init container that restarts for ever is a sidecar, and only a sidecar may be probed.
      if (list === "initContainers" && container.restartPolicy !== "Always") yield* forbidProbes(container, at)
      else yield* validateProbes(container, at)
    }
  }
  yield* validateHostPorts(spec, path)
}

function* validateContainer(
  container: Loose<Container | EphemeralContainer>,
  volumes: ReadonlySet<string>,
  spec: Loose<PodSpec>,
  path: string
): Findings {
  yield* needsForm(`${path}.name`, container.name, isDns1123Label)
  const { image = "" } = container
  if (image === "") yield required(`${path}.image`)
  else if (image !== image.trim()) yield invalid(`${path}.image`, image, "must not have leading or trailing whitespace")
  yield* validateLifecycle(container.lifecycle, spec, `${path}.lifecycle`)
  yield* needsOneOf(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, ["FallbackToLogsOnError", "File"])
  yield* needsOneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, ["Always", "IfNotPresent", "Never"])
  yield* mayBeOneOf(`${path}.restartPolicy`, container.restartPolicy, ["Always", "OnFailure", "Never"])
  yield* validatePorts(container.ports ?? [], `${path}.ports`)
  yield* validateEnv(container, path)
  yield* validateMounts(container, volumes, path)
  yield* validateResources(container.resources, `${path}.resources`)
  yield* validateContainerSecurity(container.securityContext, spec, `${path}.securityContext`)
  yield* validateResizePolicy(container.resizePolicy ?? [], spec.restartPolicy, `${path}.resizePolicy`)
  yield* validateRestartRules(container, path)
}

function* forbidProbes(container: Loose<Container | EphemeralContainer>, path: string): Findings {
  for (const probe of ["livenessProbe", "readinessProbe", "startupProbe"] as const) {
    if (container[probe] !== undefined) {
      yield {
        type: "FieldValueForbidden",
        field: `${path}.${probe}`,
        detail: "may not be set for init containers without restartPolicy=Always"
      }
    }
  }
}

function* validatePorts(ports: ReadonlyArray<Loose<ContainerPort>>, path: string): Findings {
  const names = new Set<string>()
  for (const [i, { name = "", containerPort = 0, hostPort = 0, protocol }] of ports.entries()) {
    const at = `${path}[${i}]`
    yield* mayHaveForm(`${at}.name`, name, isPortName)
    if (name !== "" && names.has(name)) yield duplicate(`${at}.name`, name)
    names.add(name)
    if (containerPort === 0) yield required(`${at}.containerPort`)
    else yield* breaks(`${at}.containerPort`, containerPort, isPortNumber(containerPort))
    if (hostPort !== 0) yield* breaks(`${at}.hostPort`, hostPort, isPortNumber(hostPort))
    yield* needsOneOf(`${at}.protocol`, protocol, protocols)
  }
}

function* validateHostNetworkPorts(ports: ReadonlyArray<Loose<ContainerPort>>, path: string): Findings {
  for (const [i, { containerPort, hostPort }] of ports.entries()) {
    if (hostPort !== undefined && hostPort !== 0 && hostPort !== containerPort) {
      yield invalid(`${path}[${i}].containerPort`, containerPort, "must match `hostPort` when `hostNetwork` is true")
    }
  }
}

/** A port of the host can be had once. */
function* validateHostPorts(spec: Loose<PodSpec>, path: string): Findings {
  const taken = new Set<string>()
  for (const [i, container] of (spec.containers ?? []).entries()) {
    for (const [j, { hostPort = 0, hostIP = "", protocol = "" }] of (container.ports ?? []).entries()) {
      const key = `${protocol}/${hostIP}/${hostPort}`
      if (hostPort !== 0 && taken.has(key)) yield duplicate(`${path}.containers[${i}].ports[${j}].hostPort`, key)
      taken.add(key)
    }
  }
}

function* validateMounts(container: Loose<Container | EphemeralContainer>, volumes: ReadonlySet<string>, path: string): Findings {
  const places = new Set<string>()
  for (const [i, mount] of (container.volumeMounts ?? []).entries()) {
    const at = `${path}.volumeMounts[${i}]`
    const { name = "", mountPath = "" } = mount
    if (name === "") yield required(`${at}.name`)
    else if (!volumes.has(name)) yield notFound(`${at}.name`, name)
    if (mountPath === "") yield required(`${at}.mountPath`)
    if (mountPath !== "" && places.has(mountPath)) yield invalid(`${at}.mountPath`, mountPath, "must be unique")
    places.add(mountPath)
    yield* validateSubPath(mount, at)
    yield* validatePropagation(mount, container.securityContext?.privileged === true, at)
  }
  for (const [i, { name = "", devicePath = "" }] of (container.volumeDevices ?? []).entries()) {
    const at = `${path}.volumeDevices[${i}]`
    if (name === "") yield required(`${at}.name`)
    else if (!volumes.has(name)) yield notFound(`${at}.name`, name)
    if (devicePath === "") yield required(`${at}.devicePath`)
    else if (places.has(devicePath)) yield invalid(`${at}.devicePath`, devicePath, "must not already exist in volumeMounts")
  }
}

function* validateSubPath({ subPath = "", subPathExpr = "" }: Loose<VolumeMount>, path: string): Findings {
  yield* validateLocalPath(`${path}.subPath`, subPath)
  yield* validateLocalPath(`${path}.subPathExpr`, subPathExpr)
  if (subPath !== "" && subPathExpr !== "")
    yield invalid(`${path}.subPathExpr`, subPathExpr, "subPathExpr and subPath are mutually exclusive")
}

/** Only the privileged may show their mounts to the node, and only what is read may be read through and through. */
function* validatePropagation(mount: Loose<VolumeMount>, privileged: boolean, path: string): Findings {
  const { mountPropagation: propagation, recursiveReadOnly, readOnly } = mount
  if (propagation === "Bidirectional" && !privileged)
    yield forbidden(`${path}.mountPropagation`, "Bidirectional mount propagation is available only to privileged containers")
  yield* mayBeOneOf(`${path}.mountPropagation`, propagation, ["Bidirectional", "HostToContainer", "None"])
  if (recursiveReadOnly === undefined) return
  yield* mayBeOneOf(`${path}.recursiveReadOnly`, recursiveReadOnly, ["Disabled", "Enabled", "IfPossible"])
  if (recursiveReadOnly !== "Enabled" && recursiveReadOnly !== "IfPossible") return
  if (readOnly !== true) yield forbidden(`${path}.recursiveReadOnly`, "may only be specified when readOnly is true")
  if (propagation !== undefined && propagation !== "None")
    yield forbidden(`${path}.recursiveReadOnly`, "may only be specified when mountPropagation is None or not specified")
}

/** A path below some root that may not lead out of it. */
export function* validateLocalPath(field: string, path: string): Findings {
  if (path.startsWith("/")) yield invalid(field, path, "must be a relative path")
  if (path.split("/").includes("..")) yield invalid(field, path, "must not contain '..'")
}
