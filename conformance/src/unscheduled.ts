/** Pods that no node takes, so that a test can say in a node's stead what became of them. @module */
import { type Pod, type PodSpec, type PodStatus, pods } from "@tsukube/api/core-v1"
import { pauseSpec } from "./pods.ts"
import type { Cluster } from "./suite.ts"

/** A spec that fits no node: pods of it stay as they were made until somebody writes their status. */
export const unscheduledSpec = (cluster: Pick<Cluster, "image">, more: Partial<PodSpec> = {}): PodSpec =>
  pauseSpec(cluster, { nodeSelector: { "conformance.example.com/node": "none" }, ...more })

/** Writes a part of the pod's status, as its node would. */
export const playNode = ({ client }: Pick<Cluster, "client">, { metadata }: Pod, status: PodStatus): Promise<Pod> =>
  client.patch(
    pods,
    { namespace: metadata?.namespace ?? "", name: metadata?.name ?? "" },
    { type: "strategic", body: { status } },
    { subresource: "status" }
  )

/** The status of a pod whose only container has ended with that code. */
export const ended = ({ spec }: Pod, exitCode: number): PodStatus => ({
  phase: exitCode === 0 ? "Succeeded" : "Failed",
  containerStatuses: (spec?.containers ?? []).map(({ name, image = "" }) => ({
    name,
    image,
    imageID: "",
    ready: false,
    restartCount: 0,
    state: { terminated: { exitCode, reason: exitCode === 0 ? "Completed" : "Error" } }
  }))
})
