/** Validation of what every object carries: names, labels, annotations, owners, finalizers. @module */
import { type FieldError, forbidden, immutable, invalid, required, tooLong } from "../field-error.ts"
import { byteLength, isDns1123Label, isDns1123Subdomain, isQualifiedName } from "../name.ts"
import type { ObjectMeta, OwnerReference } from "../types/meta-v1.ts"
import { breaks, broken, type Findings, type Loose, labels, nonNegative } from "./findings.ts"

/** What names of a kind look like. */
export type NameRule = (name: string) => ReadonlyArray<string>

const maxAnnotationBytes = 256 * 1024
const standardFinalizers: ReadonlySet<string> = new Set(["kubernetes", "orphan", "foregroundDeletion"])

/** Metadata of an object that is about to be created. Every object passes here, so no generators are made for what is fine. */
export const validateMetadata = (
  meta: Loose<ObjectMeta>,
  { namespaced, nameRule = isDns1123Subdomain }: { readonly namespaced: boolean; readonly nameRule?: NameRule },
  path = "metadata"
): ReadonlyArray<FieldError> => {
  const { name = "", generateName = "", namespace = "" } = meta
  const found: Array<FieldError> = []
  if (generateName !== "") found.push(...broken(`${path}.generateName`, generateName, nameRule(maskTrailingDash(generateName))))
  if (name === "") found.push(required(`${path}.name`, "name or generateName is required"))
  else found.push(...broken(`${path}.name`, name, nameRule(name)))
  if (!namespaced && namespace !== "") found.push(forbidden(`${path}.namespace`, "not allowed on this type"))
  if (namespaced && namespace === "") found.push(required(`${path}.namespace`))
  if (namespaced && namespace !== "") found.push(...broken(`${path}.namespace`, namespace, isDns1123Label(namespace)))
  found.push(...validateDecoration(meta, path))
  return found
}

/** A prefix may end in a dash, because letters follow. */
const maskTrailingDash = (prefix: string): string =>
  prefix.length > 1 && prefix.endsWith("-") ? `${prefix.slice(0, -2)}a` : prefix

/** What may change later: labels, annotations, owners, finalizers. */
const validateDecoration = (meta: Loose<ObjectMeta>, path: string): ReadonlyArray<FieldError> => {
  const { generation, annotations, ownerReferences, finalizers } = meta
  const found: Array<FieldError> = []
  if (generation !== undefined) found.push(...nonNegative(`${path}.generation`, generation))
  if (meta.labels !== undefined) found.push(...labels(`${path}.labels`, meta.labels))
  if (annotations !== undefined) found.push(...validateAnnotations(annotations, `${path}.annotations`))
  if (ownerReferences !== undefined) found.push(...validateOwners(ownerReferences, `${path}.ownerReferences`))
  if (finalizers !== undefined) found.push(...validateFinalizers(finalizers, `${path}.finalizers`))
  return found
}

/** What a template of objects cannot say of them, by upstream's names. */
const unfitForTemplates: ReadonlyArray<readonly [string, keyof ObjectMeta]> = [
  ["name", "name"],
  ["generateName", "generateName"],
  ["namespace", "namespace"],
  ["selfLink", "selfLink"],
  ["uID", "uid"],
  ["resourceVersion", "resourceVersion"],
  ["generation", "generation"],
  ["creationTimestamp", "creationTimestamp"],
  ["deletionTimestamp", "deletionTimestamp"],
  ["deletionGracePeriodSeconds", "deletionGracePeriodSeconds"],
  ["ownerReferences", "ownerReferences"],
  ["finalizers", "finalizers"],
  ["managedFields", "managedFields"]
]

/** Objects made from a template bring its labels and annotations, and nothing else of its metadata. */
export function* validateTemplateMetadata(meta: Loose<ObjectMeta> | undefined, path: string): Findings {
  yield* validateAnnotations(meta?.annotations, `${path}.annotations`)
  yield* labels(`${path}.labels`, meta?.labels)
  for (const [name, key] of unfitForTemplates) if (meta?.[key] !== undefined) yield forbidden(`${path}.${name}`, "cannot be set")
}

/** Keys are like those of labels; all together must stay small. */
export const validateAnnotations = (
  annotations: Readonly<Record<string, string | undefined>> | undefined,
  path: string
): ReadonlyArray<FieldError> => {
  const found: Array<FieldError> = []
  let bytes = 0
  for (const key in annotations) {
    found.push(...broken(path, key, isQualifiedName(key.toLowerCase())))
    bytes += byteLength(key) + byteLength(annotations[key] ?? "")
  }
  if (bytes > maxAnnotationBytes) found.push(tooLong(path, maxAnnotationBytes))
  return found
}

/** Upstream leaves the index out of these paths. */
function* validateOwners(owners: ReadonlyArray<Loose<OwnerReference>>, path: string): Findings {
  let controller: string | undefined
  for (const owner of owners) {
    for (const [key, word] of [
      ["apiVersion", "version must not be empty"],
      ["kind", "must not be empty"],
      ["name", "must not be empty"],
      ["uid", "must not be empty"]
    ] as const) {
      if ((owner[key] ?? "") === "") yield invalid(`${path}.${key}`, "", word)
    }
    if (owner.apiVersion === "v1" && owner.kind === "Event") {
      yield invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner")
    }
    if (owner.controller !== true) continue
    if (controller !== undefined) {
      const sentence = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${owner.kind}/${owner.name}`
      yield invalid(path, owners, sentence)
    }
    controller = `${owner.kind}/${owner.name}`
  }
}

function* validateFinalizers(finalizers: ReadonlyArray<string>, path: string): Findings {
  for (const [i, finalizer] of finalizers.entries()) {
    yield* breaks(`${path}[${i}]`, finalizer, isQualifiedName(finalizer))
    if (!finalizer.includes("/") && !standardFinalizers.has(finalizer)) {
      yield invalid(`${path}[${i}]`, finalizer, "name is neither a standard finalizer name nor is it fully qualified")
    }
  }
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    yield invalid(path, finalizers, "finalizer orphan and foregroundDeletion cannot be both set")
  }
}

/** Metadata of an object that is about to replace `old`, whose server-given fields may be left out. */
export function* validateMetadataUpdate(meta: Loose<ObjectMeta>, old: Loose<ObjectMeta>, path = "metadata"): Findings {
  if (old.deletionTimestamp !== undefined) {
    const added = (meta.finalizers ?? []).filter((finalizer) => old.finalizers?.includes(finalizer) !== true)
    if (added.length > 0) {
      const list = `[]string{${added.map((name) => JSON.stringify(name)).join(", ")}}`
      yield forbidden(
        `${path}.finalizers`,
        `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`
      )
    }
  }
  if (meta.generation !== undefined && meta.generation < (old.generation ?? 0))
    yield invalid(`${path}.generation`, meta.generation, "must not be decremented")
  for (const key of ["name", "namespace"] as const) {
    if ((meta[key] ?? "") !== (old[key] ?? "")) yield immutable(`${path}.${key}`, meta[key])
  }
  // What the server gave may be left out, and the server puts it back; it may not be replaced.
  for (const key of ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] as const) {
    if (meta[key] !== undefined && meta[key] !== "" && meta[key] !== old[key]) yield immutable(`${path}.${key}`, meta[key])
  }
  yield* validateDecoration(meta, path)
}
