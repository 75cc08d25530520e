/** The environment of a container: its own variables, those from config maps and secrets, and those of the services around it. @module */
import type { ConfigMap, Container, Secret, Service } from "@tsukube/api/core-v1"
import { containerNamed, type DownwardFacts, fieldValue, resourceValue } from "./downward.ts"

/** What the variables are made from. Maps hold what the container refers to, by name, as far as it exists. */
export interface EnvironmentFacts extends DownwardFacts {
  readonly container: Container
  readonly configMaps: ReadonlyMap<string, ConfigMap>
  readonly secrets: ReadonlyMap<string, Secret>
  /** Services of the pod's namespace, and `default/kubernetes`. */
  readonly services: ReadonlyArray<Service>
}

/** A variable and its value. */
export interface Variable {
  readonly name: string
  readonly value: string
}

/** Something a container refers to is missing; the message is upstream's. */
export class EnvironmentError extends Error {
  readonly _tag = "EnvironmentError"
}

/** The names of the config maps and secrets that a container's variables come from. */
export const referencesOf = (
  container: Container
): { readonly configMaps: ReadonlyArray<string>; readonly secrets: ReadonlyArray<string> } => {
  const configMaps = new Set<string>()
  const secrets = new Set<string>()
  for (const { configMapRef, secretRef } of container.envFrom ?? []) {
    if (configMapRef?.name !== undefined) configMaps.add(configMapRef.name)
    if (secretRef?.name !== undefined) secrets.add(secretRef.name)
  }
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.configMapKeyRef?.name !== undefined) configMaps.add(valueFrom.configMapKeyRef.name)
    if (valueFrom?.secretKeyRef?.name !== undefined) secrets.add(valueFrom.secretKeyRef.name)
  }
  return { configMaps: [...configMaps], secrets: [...secrets] }
}

/** Replaces `$(NAME)` by the variable's value; `$$` is a plain `$`, unknown names stay as they are. */
export const expand = (text: string, values: ReadonlyMap<string, string>): string =>
  text.replace(/\$(\$|\(([^()]*)\))/g, (match, second: string, name: string | undefined) =>
    second === "$" ? "$" : (values.get(name ?? "") ?? match)
  )

/** The text of a secret's value. */
export const decodeSecret = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, "base64"))

const textOf = (value: string): string => new TextDecoder().decode(decodeSecret(value))

/** All variables: services' first, then `envFrom` in order, then `env`, where later ones replace earlier ones of the same name. */
export const environmentOf = (facts: EnvironmentFacts): ReadonlyArray<Variable> => {
  const values = new Map<string, string>()
  for (const { name, value } of serviceVariables(facts)) values.set(name, value)
  for (const source of facts.container.envFrom ?? []) {
    const prefix = source.prefix ?? ""
    for (const [key, value] of sourceEntries(facts, source)) values.set(`${prefix}${key}`, value)
  }
  for (const variable of facts.container.env ?? []) {
    const value = variableValue(facts, variable, values)
    if (value !== undefined) values.set(variable.name, value)
  }
  return [...values].map(([name, value]) => ({ name, value }))
}

type EnvFrom = NonNullable<Container["envFrom"]>[number]
type Env = NonNullable<Container["env"]>[number]

const sourceEntries = (
  facts: EnvironmentFacts,
  { configMapRef, secretRef }: EnvFrom
): ReadonlyArray<readonly [string, string]> => {
  if (configMapRef !== undefined) {
    const name = configMapRef.name ?? ""
    const configMap = facts.configMaps.get(name)
    if (configMap !== undefined) return Object.entries(configMap.data ?? {})
    if (configMapRef.optional === true) return []
    throw new EnvironmentError(`configmap "${name}" not found`)
  }
  if (secretRef === undefined) return []
  const name = secretRef.name ?? ""
  const secret = facts.secrets.get(name)
  if (secret !== undefined) return Object.entries(secret.data ?? {}).map(([key, value]) => [key, textOf(value)])
  if (secretRef.optional === true) return []
  throw new EnvironmentError(`secret "${name}" not found`)
}

const variableValue = (facts: EnvironmentFacts, variable: Env, values: ReadonlyMap<string, string>): string | undefined => {
  const source = variable.valueFrom
  if (source === undefined) return expand(variable.value ?? "", values)
  if (source.fieldRef !== undefined) return fieldValue(facts, source.fieldRef)
  if (source.resourceFieldRef !== undefined) {
    const container = containerNamed(facts.pod, source.resourceFieldRef.containerName, facts.container)
    return resourceValue(facts, container, source.resourceFieldRef)
  }
  const namespace = facts.pod.metadata?.namespace ?? ""
  if (source.configMapKeyRef !== undefined) {
    const { name = "", key, optional } = source.configMapKeyRef
    const configMap = facts.configMaps.get(name)
    const value = configMap?.data?.[key]
    if (value !== undefined) return value
    if (optional === true) return undefined
    if (configMap === undefined) throw new EnvironmentError(`configmap "${name}" not found`)
    throw new EnvironmentError(`couldn't find key ${key} in ConfigMap ${namespace}/${name}`)
  }
  if (source.secretKeyRef !== undefined) {
    const { name = "", key, optional } = source.secretKeyRef
    const secret = facts.secrets.get(name)
    const value = secret?.data?.[key]
    if (value !== undefined) return textOf(value)
    if (optional === true) return undefined
    if (secret === undefined) throw new EnvironmentError(`secret "${name}" not found`)
    throw new EnvironmentError(`couldn't find key ${key} in Secret ${namespace}/${name}`)
  }
  throw new EnvironmentError(`environment variable ${variable.name}: this source is not supported yet`)
}

/** Docker's variables for links, by which containers found services before there was DNS. */
const serviceVariables = ({ pod, services }: EnvironmentFacts): ReadonlyArray<Variable> => {
  const links = pod.spec?.enableServiceLinks !== false
  const namespace = pod.metadata?.namespace
  const variables: Array<Variable> = []
  for (const service of services) {
    const { name = "", namespace: home } = service.metadata ?? {}
    const isMaster = name === "kubernetes" && home === "default"
    if (!isMaster && !(links && home === namespace)) continue
    const ip = service.spec?.clusterIP
    const ports = service.spec?.ports ?? []
    const first = ports[0]
    if (ip === undefined || ip === "" || ip === "None" || first === undefined) continue
    const prefix = upper(name)
    const host = ip.includes(":") ? `[${ip}]` : ip
    variables.push({ name: `${prefix}_SERVICE_HOST`, value: ip }, { name: `${prefix}_SERVICE_PORT`, value: String(first.port) })
    for (const port of ports) {
      if (port.name !== undefined && port.name !== "")
        variables.push({ name: `${prefix}_SERVICE_PORT_${upper(port.name)}`, value: String(port.port) })
    }
    const protocolOf = (port: typeof first) => (port.protocol ?? "TCP").toLowerCase()
    variables.push({ name: `${prefix}_PORT`, value: `${protocolOf(first)}://${host}:${first.port}` })
    for (const port of ports) {
      const start = `${prefix}_PORT_${port.port}_${(port.protocol ?? "TCP").toUpperCase()}`
      variables.push(
        { name: start, value: `${protocolOf(port)}://${host}:${port.port}` },
        { name: `${start}_PROTO`, value: protocolOf(port) },
        { name: `${start}_PORT`, value: String(port.port) },
        { name: `${start}_ADDR`, value: ip }
      )
    }
  }
  return variables
}

const upper = (name: string): string => name.toUpperCase().replaceAll("-", "_").replaceAll(".", "_")
