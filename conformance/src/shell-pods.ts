/** Pods that run a shell script, for tests of what a container sees and says. @module */
import { type Container, type Pod, type PodSpec, pods } from "@tsukube/api/core-v1"
import type { Cluster } from "./suite.ts"

/** Has a shell and the usual commands. */
export const shellImage = "registry.k8s.io/e2e-test-images/busybox:1.37.0-1"

type Place = Pick<Cluster, "client" | "namespace" | "eventually">

/** A container that runs the script. */
export const shellContainer = (script: string, more: Partial<Container> = {}): Container => ({
  name: "main",
  image: shellImage,
  command: ["/bin/sh", "-c", script],
  ...more
})

/**
 * A script that serves HTTP on a port by hand, one request after the other. `answer` sets `$text` to the body, from `$method`
 * and `$path`; it must not have single quotes in it.
 */
export const webServer = (port: number, answer: string): string => {
  const head = "HTTP/1.0 200 OK\\r\\nContent-Type: text/plain\\r\\nContent-Length: %d\\r\\n\\r\\n"
  const serve = [
    "read method path rest",
    'while read line; do test "${#line}" -le 1 && break; done',
    answer,
    `printf "${head}" "\${#text}"`,
    'test "$method" = HEAD || printf "%s" "$text"'
  ]
  return `while true; do nc -l -p ${port} -e /bin/sh -c '${serve.join("; ")}'; done`
}

/** A pod of that container, which is not restarted unless `more` says so. */
export const shellPod = (
  { namespace }: Pick<Cluster, "namespace">,
  name: string,
  container: Container,
  more: Partial<PodSpec> = {}
): Pod => ({
  metadata: { namespace, name, labels: { name } },
  spec: { terminationGracePeriodSeconds: 0, restartPolicy: "Never", containers: [container], ...more }
})

/** The log of a pod's container as it is now. */
export const logOf = async ({ client, namespace }: Place, name: string, query: string = ""): Promise<string> => {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/log${query}`
  return (await client.request({ method: "GET", path })).text()
}

/** Creates the pod, and waits until it has succeeded; gives its log. */
export const outputOf = async (place: Place, pod: Pod): Promise<string> => {
  await place.client.create(pods, pod)
  const name = pod.metadata?.name ?? ""
  await ended(place, name, "Succeeded")
  return logOf(place, name)
}

/** Waits until the pod has ended as it should; fails at once when it ended otherwise. */
export const ended = async (place: Place, name: string, phase: "Succeeded" | "Failed"): Promise<Pod> => {
  const over = await place.eventually(
    `pod ${name} has ended`,
    async () => {
      const pod = await place.client.get(pods, { namespace: place.namespace, name })
      return ["Succeeded", "Failed"].includes(pod.status?.phase ?? "") && pod
    },
    180_000
  )
  if (over.status?.phase !== phase) throw new Error(`pod ${name} ended as ${over.status?.phase}: ${await logOf(place, name)}`)
  return over
}

/** Waits until the log has the text. */
export const awaitLog = (place: Place, name: string, text: string, query: string = ""): Promise<string> =>
  place.eventually(`${JSON.stringify(text)} in the log of ${name}`, async () => {
    const log = await logOf(place, name, query)
    return log.includes(text) && log
  })
