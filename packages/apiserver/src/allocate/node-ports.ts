/** Node ports: each is a key in the store, created in the same commit as the Service that has it. @module */
import { fieldError, invalid, type KubernetesObject } from "@tsukube/api"
import { services } from "@tsukube/api/core-v1"
import type { Write } from "@tsukube/store"
import type { Serving } from "../serving.ts"
import { readStore } from "../write.ts"

const folder = "/registry/ranges/nodeports/"

/** Upstream's default. */
const defaultRange = { from: 30000, to: 32767 }

const claimOf = (service: KubernetesObject, port: number): Write => {
  const { namespace, name } = service.metadata ?? {}
  return {
    key: folder + port,
    value: JSON.stringify({ kind: "NodePort", metadata: {}, service: `${namespace}/${name}` }),
    expected: 0n
  }
}

/** The writes that give ports back. */
export const releaseNodePorts = (ports: ReadonlyArray<number>): ReadonlyArray<Write> =>
  ports.map((port) => ({ key: folder + port, value: undefined }))

/** Claims a port that a Service asks for; 422 when it is outside the range or taken. `field` is what the error names. */
export const claimNodePort = async (serving: Serving, service: KubernetesObject, port: number, field: string): Promise<Write> => {
  const { from, to } = serving.options.nodePortRange ?? defaultRange
  const refused = (detail: string) => invalid(services, service.metadata?.name ?? "", [fieldError.invalid(field, port, detail)])
  if (port < from || port > to)
    throw refused(`provided port is not in the valid range. The range of valid ports is ${from}-${to}`)
  if ((await readStore(serving, folder + port)) !== undefined) throw refused("provided port is already allocated")
  return claimOf(service, port)
}

/** Claims any free port that is not in `spoken`. */
export const claimAnyNodePort = (
  serving: Serving,
  service: KubernetesObject,
  spoken: ReadonlySet<number>
): { readonly port: number; readonly write: Write } => {
  const { from, to } = serving.options.nodePortRange ?? defaultRange
  const taken = serving.cache.bucket(folder).objects
  const size = to - from + 1
  const start = Math.floor(Math.random() * size)
  for (let i = 0; i < size; i++) {
    const port = from + ((start + i) % size)
    if (!spoken.has(port) && !taken.has(folder + port)) return { port, write: claimOf(service, port) }
  }
  const detail = "failed to allocate a nodePort: range is full"
  throw invalid(services, service.metadata?.name ?? "", [fieldError.invalid("spec.ports", [], detail)])
}
