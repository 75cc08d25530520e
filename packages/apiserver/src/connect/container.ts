/** Which container of a pod a request means. @module */
import { badRequest } from "@tsukube/api"
import type { Pod } from "@tsukube/api/core-v1"

const listed = (containers: ReadonlyArray<{ readonly name: string }>): string =>
  `[${containers.map(({ name }) => name).join(" ")}]`

/** The container asked for, or the only one; 400 when there is a choice and none was made. */
export const chooseContainer = (pod: Pod, asked: string): string => {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {}
  const podName = pod.metadata?.name ?? ""
  if (asked !== "") {
    if ([...containers, ...initContainers, ...ephemeralContainers].some(({ name }) => name === asked)) return asked
    throw badRequest(`container ${asked} is not valid for pod ${podName}`)
  }
  if (containers.length === 1) return containers[0]!.name
  if (containers.length === 0) throw badRequest(`a container name must be specified for pod ${podName}`)
  const init = initContainers.length === 0 ? "" : ` or one of the init containers: ${listed(initContainers)}`
  const ephemeral = ephemeralContainers.length === 0 ? "" : ` or one of the ephemeral containers: ${listed(ephemeralContainers)}`
  throw badRequest(
    `a container name must be specified for pod ${podName}, choose one of: ${listed(containers)}${init}${ephemeral}`
  )
}
