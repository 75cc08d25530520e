/** Requests for every resource and verb, well formed, half formed and not formed at all. @module */
import { pathOf, type Resource, resources } from "@tsukube/api"
import { bodyOf, oddities, pickOf, type Random } from "./objects.ts"

/** A request to be sent. */
export interface FuzzRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array<ArrayBuffer> | undefined
}

const patchTypes = ["json-patch+json", "merge-patch+json", "strategic-merge-patch+json", "apply-patch+yaml"]
const selectors = [
  "a=b",
  "a in (b,c)",
  "!a",
  "a==",
  "(((",
  "a=b,".repeat(200),
  "metadata.name=x",
  "spec.nodeName=n",
  "=",
  "💥",
  "a notin ()"
]
const accepts = [
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "application/json;as=Table;g=meta.k8s.io;v=v1",
  "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
  "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
  "application/cbor",
  ";;;",
  "*/*;q=0"
]
const queries = [
  "limit=1",
  "limit=-1",
  "limit=x",
  "continue=eyJ2IjoxfQ",
  "continue=%%%",
  "resourceVersion=0",
  "resourceVersion=1",
  "resourceVersion=99999999999999999999",
  "resourceVersion=x",
  "resourceVersionMatch=Exact",
  "resourceVersionMatch=NotOlderThan&resourceVersion=1",
  "dryRun=All",
  "dryRun=x",
  "fieldValidation=Strict",
  "fieldValidation=x",
  "fieldManager=m",
  "force=true",
  "pretty=true",
  "timeout=1ms",
  "gracePeriodSeconds=-1",
  "propagationPolicy=x",
  "sendInitialEvents=true",
  "includeObject=x",
  "a=%ff%fe"
]

const broken = (text: string, random: Random): string | Uint8Array<ArrayBuffer> => {
  const pick = pickOf(random)
  return pick<() => string | Uint8Array<ArrayBuffer>>([
    () => text.slice(0, Math.floor(random() * text.length)),
    () => `${text}}`,
    () => new Uint8Array(Buffer.from(text).map((byte) => (random() < 0.02 ? byte ^ 0x80 : byte))),
    () => '{"a":'.repeat(5000),
    () => `${"[".repeat(10_000)}${"]".repeat(10_000)}`,
    () => `{"metadata":{"name":"x","name":"y"},"kind":1}`,
    () => `{"metadata":{"annotations":{"a":"${"x".repeat(300_000)}"}}}`,
    () => "a: &a [*a, *a]\nb: &b [*a]",
    () => new Uint8Array([0x6b, 0x38, 0x73, 0x00, 0x0a, 0xff, 0xff, 0xff, 0x0f]),
    () => ""
  ])()
}

const names = ["fuzz-0", "fuzz-1", "fuzz-2", "fuzz-3", "fuzz-4", "UPPER", "a/b", "..", "%00", "x".repeat(300), "system:fuzz"]

/** Names of a handful of objects, so that requests meet each other, and now and then one that cannot be. */
const nameOf = (random: Random): string => (random() < 0.95 ? names[Math.floor(random() * 5)]! : pickOf(random)(names))

const operations = (random: Random): unknown => {
  const pick = pickOf(random)
  return Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
    op: pick(["add", "remove", "replace", "test", "move", "copy", "odd"]),
    path: pick(["/spec", "/metadata/labels/a", "/metadata/name", "/x/0", "/spec/containers/-", "", "spec", "/__proto__/x"]),
    value: pick(oddities),
    from: pick(["/spec", "/metadata", ""])
  }))
}

const bodyFor = (resource: Resource, name: string, method: string, patch: string, random: Random): unknown => {
  if (method === "GET") return undefined
  if (method === "PATCH" && patch === "json-patch+json") return operations(random)
  if (method === "DELETE") {
    return pickOf(random)([undefined, {}, { gracePeriodSeconds: 0 }, { propagationPolicy: "Orphan" }, pickOf(random)(oddities)])
  }
  return bodyOf(resource, name, random)
}

/** The next request. */
export const nextRequest = (random: Random): FuzzRequest => {
  const pick = pickOf(random)
  const resource = pick(resources)
  const collection = pathOf(resource, resource.namespaced ? { namespace: random() < 0.9 ? "default" : nameOf(random) } : {})
  const streams = new Set(["exec", "attach", "portforward", "log", "proxy"])
  const parts = resource.subresources.filter((one) => !streams.has(one.name))
  const subresource = random() < 0.2 && parts.length > 0 ? `/${pick(parts).name}` : ""
  const name = nameOf(random)
  const method = pick(["POST", "POST", "POST", "PUT", "PATCH", "PATCH", "DELETE", "GET", "GET"])
  const whole = random() < 0.1
  const bare = (method === "POST" && subresource === "") || whole
  const patch = pick(patchTypes)
  const query: Array<string> = []
  while (random() < 0.2) query.push(pick(queries))
  if (random() < 0.05) query.push(`${pick(["labelSelector", "fieldSelector"])}=${encodeURIComponent(pick(selectors))}`)
  if (method === "GET" && whole && random() < 0.3) query.push("watch=true")
  const search = query.length === 0 ? "" : `?${query.join("&")}`
  const path = `${bare ? collection : `${collection}/${encodeURIComponent(name)}${subresource}`}${search}`
  const value = bodyFor(resource, name, method, patch, random)
  const text = value === undefined ? undefined : JSON.stringify(value)
  const type =
    random() < 0.02
      ? pick(["application/yaml", "application/vnd.kubernetes.protobuf", "application/cbor", "text/plain", ""])
      : method === "PATCH"
        ? `application/${patch}`
        : "application/json"
  return {
    method,
    path,
    headers: { "content-type": type, ...(random() < 0.1 ? { accept: pick(accepts) } : {}) },
    body: text !== undefined && random() < 0.03 ? broken(text, random) : text
  }
}
