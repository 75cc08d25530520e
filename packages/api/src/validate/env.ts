/** Validation of the environment of containers. @module */
import { invalid, notSupported, required } from "../field-error.ts"
import { isConfigMapKey, isEnvVarName, isQualifiedName } from "../name.ts"
import type { Container, EnvFromSource, EnvVar, EnvVarSource, EphemeralContainer } from "../types/core-v1.ts"
import { breaks, type Findings, type Loose, mayHaveForm, needs, needsForm } from "./findings.ts"

const sources = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"] as const
const fieldsOfEnv = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs"
]
/** These can be read, but only into files. */
const fieldsOfFilesOnly = ["metadata.annotations", "metadata.labels", "spec.restartPolicy", "spec.schedulerName", "status.phase"]
const resourcesOfEnv = /^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)$/

/** `env` and `envFrom`. */
export function* validateEnv(container: Loose<Container | EphemeralContainer>, path: string): Findings {
  for (const [i, variable] of (container.env ?? []).entries()) yield* validateVariable(variable, `${path}.env[${i}]`)
  for (const [i, source] of (container.envFrom ?? []).entries()) yield* validateSource(source, `${path}.envFrom[${i}]`)
}

function* validateVariable({ name, value = "", valueFrom }: Loose<EnvVar>, path: string): Findings {
  yield* needsForm(`${path}.name`, name, isEnvVarName)
  if (valueFrom === undefined) return
  const at = `${path}.valueFrom`
  const given = sources.filter((source) => valueFrom[source] !== undefined)
  yield* validateReferences(valueFrom, at)
  if (given.length === 0) {
    yield invalid(
      at,
      "",
      "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
    )
  } else if (value !== "") {
    yield invalid(at, "", "may not be specified when `value` is not empty")
  } else if (given.length > 1) {
    yield invalid(at, "", "may not have more than one field specified at a time")
  }
}

function* validateReferences(
  { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef }: Loose<EnvVarSource>,
  path: string
): Findings {
  if (fieldRef !== undefined) yield* validateFieldPath(fieldRef.fieldPath ?? "", `${path}.fieldRef.fieldPath`)
  if (resourceFieldRef !== undefined) {
    const { resource = "" } = resourceFieldRef
    if (resource === "") yield required(`${path}.resourceFieldRef.resource`)
    else if (!resourcesOfEnv.test(resource)) {
      const supported = [
        "limits.cpu",
        "limits.ephemeral-storage",
        "limits.memory",
        "requests.cpu",
        "requests.ephemeral-storage",
        "requests.memory"
      ]
      yield notSupported(`${path}.resourceFieldRef.resource`, resource, supported)
    }
  }
  for (const [name, reference] of Object.entries({ configMapKeyRef, secretKeyRef })) {
    if (reference === undefined) continue
    yield* needs(`${path}.${name}.name`, reference.name)
    yield* needsForm(`${path}.${name}.key`, reference.key, isConfigMapKey)
  }
}

function* validateFieldPath(field: string, path: string): Findings {
  if (field === "") {
    yield required(path)
    return
  }
  const subscript = /^metadata\.(labels|annotations)\['([^']*)'\]$/.exec(field)
  if (subscript !== null) yield* breaks(path, subscript[2], isQualifiedName((subscript[2] ?? "").toLowerCase()))
  else if (fieldsOfFilesOnly.includes(field)) yield notSupported(path, field, fieldsOfEnv)
  else if (!fieldsOfEnv.includes(field))
    yield invalid(path, field, `error converting fieldPath: field label not supported: ${field}`)
}

function* validateSource({ prefix, configMapRef, secretRef }: Loose<EnvFromSource>, path: string): Findings {
  yield* mayHaveForm(`${path}.prefix`, prefix, isEnvVarName)
  if (configMapRef !== undefined) yield* needs(`${path}.configMapRef.name`, configMapRef.name)
  if (secretRef !== undefined) yield* needs(`${path}.secretRef.name`, secretRef.name)
  if (configMapRef === undefined && secretRef === undefined)
    yield invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")
  if (configMapRef !== undefined && secretRef !== undefined)
    yield invalid(path, "", "may not have more than one field specified at a time")
}
