/** Which protobuf message a kind of a version is written as. @module */
import { findByKind } from "@tsukube/api"
import { messageNameOf, messageOf } from "./message.ts"

/** The content type. */
export const protobufType = "application/vnd.kubernetes.protobuf"

const meta = "k8s.io.apimachinery.pkg.apis.meta.v1"

/** The message of a kind; `undefined` when it has none. Options are of every group's version, and of none. */
export const messageOfKind = (apiVersion: string, kind: string): string | undefined => {
  if (kind === "DeleteOptions" || kind === "CreateOptions" || (kind === "Status" && apiVersion === "v1")) return `${meta}.${kind}`
  const resource = findByKind(apiVersion, kind)
  if (resource !== undefined) return messageNameOf(resource.schema)
  const [group, version] = apiVersion.includes("/") ? (apiVersion.split("/") as [string, string]) : ["core", apiVersion]
  const name = `k8s.io.api.${group.split(".")[0]}.${version}.${kind}`
  return messageOf(name) === undefined ? undefined : name
}
