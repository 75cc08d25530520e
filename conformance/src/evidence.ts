/** What a failed test saw: its error, and what the cluster says about the test's namespace. @module */
import { events, pods } from "@tsukube/api/core-v1"
import type { PromiseClient } from "@tsukube/client/promise"

const lineLimit = 10

/** The error in words; a server's answer with its code. */
export const describeError = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const code = "code" in error && typeof error.code === "number" ? `${error.code} ` : ""
  const where = error.stack?.split("\n").find((line) => /conformance\/src\/sig-/.test(line))
  return `${code}${error.message || error.name}${where === undefined ? "" : `\n${where.trim()}`}`
}

/** Some pods and the last events of the namespace, a line each; empty when there are none. */
export const describeNamespace = async (client: PromiseClient, namespace: string): Promise<string> => {
  const [podList, eventList] = await Promise.all([client.list(pods, { namespace }), client.list(events, { namespace })])
  const podLines = podList.items
    .slice(0, lineLimit)
    .map(
      ({ metadata, spec, status }) =>
        `pod ${metadata?.name}: ${status?.phase} on ${spec?.nodeName ?? "no node"}${metadata?.deletionTimestamp ? ", being deleted" : ""}`
    )
  const eventLines = eventList.items
    .slice(-lineLimit)
    .map(({ involvedObject, reason, message }) => `event ${involvedObject.kind} ${involvedObject.name}: ${reason}: ${message}`)
  return [...podLines, ...eventLines].join("\n")
}
