/** Which fields of which resource a field selector may name, and what they say of an object. @module */
import { badRequest, type FieldSelector, type KubernetesObject, type Resource } from "@tsukube/api"
import { type FieldRead, type FieldReads, paths } from "./kinds/field.ts"
import { kindOf } from "./kinds/table.ts"

const everywhere = paths("metadata.name", "metadata.namespace")

/** The fields of a resource by name. */
const fieldsOf = (resource: Resource): FieldReads => ({ ...everywhere, ...kindOf(resource).fields })

/** A test of one object; `undefined` when the selector selects everything. Throws 400 for a field the resource does not have. */
export const fieldFilter = (resource: Resource, selector: FieldSelector): ((object: KubernetesObject) => boolean) | undefined => {
  if (selector.length === 0) return undefined
  const fields = fieldsOf(resource)
  const requirements = selector.map(({ field, operator, value }) => {
    const read = fields[field]
    if (read === undefined) throw badRequest(unknownField(resource, field))
    return { read, value, equal: operator === "=" }
  })
  return (object) => requirements.every(({ read, value, equal }) => (read(object) === value) === equal)
}

/** What an object's field says; for fields of `fieldFilter`. */
export const readField = (resource: Resource, field: string): FieldRead | undefined => fieldsOf(resource)[field]

const unknownField = (resource: Resource, field: string): string =>
  kindOf(resource).fields === undefined
    ? `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`
    : `field label not supported: ${field}`
