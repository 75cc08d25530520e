/** Node ports: each is a key in the store, created in the same commit as the Service that has it. @module */
import { fieldError, invalid, type KubernetesObject } from "@tsukube/api"
import { services } from "@tsukube/api/core-v1"
import type { Write } from "@tsukube/store"
import type { Serving } from "../serving.ts"
import { readStore } from "../write.ts"

/** Where the claims of node ports are. */
export const nodePortFolder = "/registry/ranges/nodeports/"

/** Upstream's default. */
const defaultRange = { from: 30000, to: 32767 }

/** The write that claims a port for a Service. */
export const nodePortClaim = (service: KubernetesObject, port: number): Write => {
  const { namespace, name } = service.metadata ?? {}
  return {
    key: nodePortFolder + port,
    value: JSON.stringify({ kind: "NodePort", metadata: {}, service: `${namespace}/${name}` }),
    expected: 0n
  }
}

/** The writes that give ports back. */
export const releaseNodePorts = (ports: ReadonlyArray<number>): ReadonlyArray<Write> =>
  ports.map((port) => ({ key: nodePortFolder + port, value: undefined }))

/** Claims a port that a Service asks for; 422 when it is outside the range or taken. `field` is what the error names. */
export const claimNodePort = async (serving: Serving, service: KubernetesObject, port: number, field: string): Promise<Write> => {
  const { from, to } = serving.options.nodePortRange ?? defaultRange
  const refused = (detail: string) => invalid(services, service.metadata?.name ?? "", [fieldError.invalid(field, port, detail)])
  if (port < from || port > to)
    throw refused(`provided port is not in the valid range. The range of valid ports is ${from}-${to}`)
  if ((await readStore(serving, nodePortFolder + port)) !== undefined) throw refused("provided port is already allocated")
  return nodePortClaim(service, port)
}

/** Claims any free port that is not in `spoken`. */
export const claimAnyNodePort = (
  serving: Serving,
  service: KubernetesObject,
  spoken: ReadonlySet<number>
): { readonly port: number; readonly write: Write } => {
  const { from, to } = serving.options.nodePortRange ?? defaultRange
  const taken = serving.cache.bucket(nodePortFolder).objects
  const size = to - from + 1
  const start = Math.floor(Math.random() * size)
  for (let i = 0; i < size; i++) {
    const port = from + ((start + i) % size)
    if (!spoken.has(port) && !taken.has(nodePortFolder + port)) return { port, write: nodePortClaim(service, port) }
  }
  const detail = "failed to allocate a nodePort: range is full"
  throw invalid(services, service.metadata?.name ?? "", [fieldError.invalid("spec.ports", [], detail)])
}
