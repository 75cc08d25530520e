/** Validation of CustomResourceDefinition: names, versions, conversion; its schemas are held to `custom-resource-schema.ts`. @module */
import { type FieldError, immutable, invalid, notSupported, required } from "../field-error.ts"
import { equalJson } from "../json.ts"
import { isDns1035Label, isDns1123Subdomain } from "../name.ts"
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinition,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion
} from "../types/apiextensions-v1.ts"
import { validateClientConfig } from "./client-config.ts"
import { validateSchema } from "./custom-resource-schema.ts"
import type { Findings, Loose } from "./findings.ts"
import { fields, items, mustBeOneOf, type Rule, text } from "./rule.ts"

const approval = "api-approved.kubernetes.io"

/** A CustomResourceDefinition, new or changed. */
export function* validateDefinition({ metadata, spec = {} }: Loose<CustomResourceDefinition>): Findings {
  const { group = "", versions = [] } = spec
  if (metadata?.name !== `${spec.names?.plural ?? ""}.${group}`)
    yield invalid("metadata.name", metadata?.name, 'must be spec.names.plural+"."+spec.group')
  yield* validateGroup(group)
  if (isProtected(group) && (metadata?.annotations?.[approval] ?? "") === "") {
    const sentence = `protected groups must have approval annotation "${approval}", see https://github.com/kubernetes/enhancements/pull/1111`
    yield required(`metadata.annotations[${approval}]`, sentence)
  }
  yield* mustBeOneOf("Cluster", "Namespaced")(spec.scope, "spec.scope")
  yield* validateVersions(versions)
  yield* validateNames(spec.names ?? {}, "spec.names")
  yield* validateConversion(spec.conversion ?? {}, "spec.conversion")
  if (spec.preserveUnknownFields === true)
    yield invalid(
      "spec.preserveUnknownFields",
      true,
      "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
    )
  if (!versions.some(({ storage }) => storage === true))
    yield invalid("status.storedVersions", null, "must have at least one stored version")
}

const isProtected = (group: string): boolean => /(^|\.)(k8s|kubernetes)\.io$/.test(group)

function* validateGroup(group: string): Findings {
  if (group === "") {
    yield required("spec.group")
    return
  }
  const wrong = isDns1123Subdomain(group)
  if (wrong.length > 0) yield invalid("spec.group", group, wrong.join(","))
  else if (!group.includes(".")) yield invalid("spec.group", group, "should be a domain with at least one dot")
}

function* validateVersions(versions: ReadonlyArray<Loose<CustomResourceDefinitionVersion>>): Findings {
  const names = versions.map(({ name }) => name)
  if (new Set(names).size < names.length) yield invalid("spec.versions", versions, "must contain unique version names")
  // Upstream keeps a schema that all versions share in one place, and speaks of it there, once.
  const shared = versions.every(({ schema }) => equalJson(schema, versions[0]?.schema))
  for (const [i, version] of versions.entries()) {
    const at = `spec.versions[${i}]`
    yield* validateVersion(
      shared && i > 0 ? { ...version, schema: { openAPIV3Schema: { type: "object" } } } : version,
      at,
      shared ? "spec.validation.openAPIV3Schema" : `${at}.schema.openAPIV3Schema`
    )
  }
  const stored = versions.filter(({ storage }) => storage === true).length
  if (stored !== 1) yield invalid("spec.versions", versions, "must have exactly one version marked as storage version")
}

function* validateVersion(version: Loose<CustomResourceDefinitionVersion>, path: string, schemaPath: string): Findings {
  const { name = "", schema, subresources, deprecated, deprecationWarning } = version
  const wrong = isDns1035Label(name)
  if (wrong.length > 0) yield invalid(`${path}.name`, name, wrong.join(","))
  if (schema?.openAPIV3Schema === undefined) yield required(`${path}.schema.openAPIV3Schema`)
  else yield* validateSchema(schema.openAPIV3Schema, schemaPath)
  if (deprecationWarning !== undefined && deprecated !== true)
    yield invalid(`${path}.deprecationWarning`, deprecationWarning, "can only be set for deprecated versions")
  yield* items(column)(version.additionalPrinterColumns, `${path}.additionalPrinterColumns`)
  const { scale } = subresources ?? {}
  if (scale === undefined) return
  yield* jsonPath(scale.specReplicasPath, `${path}.subresources.scale.specReplicasPath`, ".spec.")
  yield* jsonPath(scale.statusReplicasPath, `${path}.subresources.scale.statusReplicasPath`, ".status.")
}

function* jsonPath(value: string | undefined, path: string, prefix: string): Findings {
  if ((value ?? "") === "") yield required(path)
  else if (value?.startsWith(prefix) !== true) yield invalid(path, value, `should be a json path under ${prefix.slice(0, -1)}`)
}

const column: Rule<Loose<CustomResourceColumnDefinition>> = fields<Loose<CustomResourceColumnDefinition>>({
  name: text(),
  type: mustBeOneOf("boolean", "date", "integer", "number", "string"),
  format: function* (value = "", path) {
    const supported = ["binary", "byte", "date", "date-time", "double", "float", "int32", "int64", "password"]
    if (value !== "" && !supported.includes(value)) yield notSupported(path, value, supported)
  },
  jsonPath: text()
})

const mixedCase = (value: string): ReadonlyArray<string> => {
  const wrong = isDns1035Label(value.toLowerCase())
  return wrong.length === 0 ? [] : [`may have mixed case, but should otherwise match: ${wrong.join(",")}`]
}

function* validateNames(
  names: Loose<CustomResourceDefinitionSpec["names"]> & { readonly kind?: string | undefined },
  path: string
): Findings {
  yield* text(isDns1035Label)(names.plural, `${path}.plural`)
  yield* text(isDns1035Label)(names.singular, `${path}.singular`)
  yield* text(mixedCase)(names.kind, `${path}.kind`)
  yield* items<string>((name = "", at) =>
    isDns1035Label(name).length > 0 ? [invalid(at, name, isDns1035Label(name).join(","))] : []
  )(names.shortNames, `${path}.shortNames`)
  yield* text(mixedCase)(names.listKind, `${path}.listKind`)
  if ((names.kind ?? "") !== "" && names.kind === names.listKind)
    yield invalid(`${path}.listKind`, names.listKind, "kind and listKind may not be the same")
  yield* items<string>((name = "", at) =>
    isDns1035Label(name).length > 0 ? [invalid(at, name, isDns1035Label(name).join(","))] : []
  )(names.categories, `${path}.categories`)
}

function* validateConversion(
  { strategy = "", webhook }: Loose<NonNullable<CustomResourceDefinitionSpec["conversion"]>>,
  path: string
): Findings {
  yield* mustBeOneOf("None", "Webhook")(strategy, `${path}.strategy`)
  if (strategy !== "Webhook") {
    if (webhook !== undefined)
      yield {
        type: "FieldValueForbidden",
        field: `${path}.webhookClientConfig`,
        detail: "should not be set when strategy is not set to Webhook"
      }
    return
  }
  if (webhook?.clientConfig === undefined)
    yield required(`${path}.webhookClientConfig`, "required when strategy is set to Webhook")
  else yield* validateClientConfig(webhook.clientConfig, `${path}.webhookClientConfig`)
  if ((webhook?.conversionReviewVersions ?? []).length === 0) yield required(`${path}.conversionReviewVersions`)
  else if (webhook?.conversionReviewVersions?.some((version) => version === "v1" || version === "v1beta1") !== true)
    yield invalid(
      `${path}.conversionReviewVersions`,
      webhook?.conversionReviewVersions,
      "must include at least one of v1, v1beta1"
    )
}

/** Once it is served, objects and clients rely on its names and scope; and no version may go that objects are stored in. */
export function* validateDefinitionUpdate(
  { spec = {}, status }: Loose<CustomResourceDefinition>,
  old: Loose<CustomResourceDefinition>
): Findings {
  const before = old.spec ?? {}
  const established = (old.status?.conditions ?? []).some(({ type, status: is }) => type === "Established" && is === "True")
  const guard = (path: string, value: unknown, was: unknown): ReadonlyArray<FieldError> =>
    equalJson(value, was) ? [] : [immutable(path, value)]
  if (established) {
    yield* guard("spec.scope", spec.scope, before.scope)
    yield* guard("spec.names.kind", kindOf(spec.names), kindOf(before.names))
  }
  yield* guard("spec.group", spec.group, before.group)
  yield* guard("spec.names.plural", spec.names?.plural, before.names?.plural)
  const names = (spec.versions ?? []).map(({ name }) => name)
  for (const [i, version] of (status?.storedVersions ?? []).entries()) {
    if (names.includes(version)) continue
    const sentence = `missing from spec.versions; ${version} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${version} and removes ${version} from status.storedVersions`
    yield invalid(`status.storedVersions[${i}]`, version, sentence)
  }
}

const kindOf = (names: object | undefined): unknown => (names as { readonly kind?: string } | undefined)?.kind
