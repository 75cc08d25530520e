/** Pods for tests that need one to be there and run, not to do anything. @module */
import { type Pod, type PodSpec, pods } from "@tsukube/api/core-v1"
import { type Cluster, unlessGone } from "./suite.ts"

/** What these functions need of a cluster; the namespace may be another one than the test's. */
type Place = Pick<Cluster, "client" | "namespace" | "image" | "eventually">

/** A spec of one container that runs until it is stopped, and stops at once. */
export const pauseSpec = ({ image }: Pick<Cluster, "image">, more: Partial<PodSpec> = {}): PodSpec => ({
  terminationGracePeriodSeconds: 0,
  containers: [{ name: "main", image }],
  ...more
})

/** A pod of that spec, not created yet. */
export const pausePod = (
  place: Pick<Cluster, "namespace" | "image">,
  name: string,
  labels: Readonly<Record<string, string>> = {},
  more: Partial<PodSpec> = {}
): Pod => ({ metadata: { namespace: place.namespace, name, labels: { name, ...labels } }, spec: pauseSpec(place, more) })

const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: holds }) => type === "Ready" && holds === "True") === true

/** Creates such a pod and waits until it is ready. */
export const runningPod = async (
  place: Place,
  name: string,
  labels: Readonly<Record<string, string>> = {},
  more: Partial<PodSpec> = {}
): Promise<Pod> => {
  await place.client.create(pods, pausePod(place, name, labels, more))
  return awaitReady(place, name)
}

/** Waits until the pod runs and is ready. */
export const awaitReady = ({ client, namespace, eventually }: Place, name: string): Promise<Pod> =>
  eventually(
    `pod ${name} is ready`,
    async () => {
      const pod = await client.get(pods, { namespace, name })
      return isReady(pod) && pod
    },
    180_000
  )

/** Waits until the pod is gone. */
export const awaitPodGone = ({ client, namespace, eventually }: Place, name: string): Promise<unknown> =>
  eventually(`pod ${name} is gone`, async () => (await unlessGone(client.get(pods, { namespace, name }))) === undefined)

/** Waits until exactly so many pods of the label selector are ready, and none besides; returns them. */
export const awaitReadyPods = (
  { client, namespace, eventually }: Place,
  labelSelector: string,
  count: number
): Promise<ReadonlyArray<Pod>> =>
  eventually(
    `${count} ready pods of ${labelSelector}`,
    async () => {
      const { items } = await client.list(pods, { namespace, labelSelector })
      const there = items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
      return there.length === count && there.every(isReady) && there
    },
    180_000
  )
