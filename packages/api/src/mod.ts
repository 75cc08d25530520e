/** The front door of @tsukube/api: every public name, listed by hand. @module */
export { type ApplyPatch, applyPatch } from "./apply/apply.ts"
export { managerOf, validateFieldManager } from "./apply/manager-name.ts"
export type { TrackedKind } from "./apply/reset-fields.ts"
export { managedFieldsFromScale, scaleManagedFields } from "./apply/scale.ts"
export { type TrackedUpdate, trackUpdate } from "./apply/track.ts"
export { allResources, compareVersions, findByKind, findByName, findResource, resources } from "./catalog.ts"
export { type ConditionFields, findCondition, isConditionTrue, setCondition } from "./condition.ts"
export { type CronSchedule, type CronTimes, parseCron } from "./cron.ts"
export { applyDefaults } from "./defaults/apply.ts"
export * as fieldError from "./field-error.ts"
export { causeOf, describeFieldError, type FieldError, type FieldErrorType, formatFieldError } from "./field-error.ts"
export {
  type FieldRequirement,
  type FieldSelector,
  formatFieldSelector,
  matchesFields,
  parseFieldSelector
} from "./field-selector.ts"
export { deepFrozen, onceIfFrozen } from "./frozen.ts"
export { equalJson, isList, isObject, type JsonObject } from "./json.ts"
export {
  byteLength,
  generatedNameAlphabet,
  generateName,
  isConfigMapKey,
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isEnvVarName,
  isLabelValue,
  isPathSegment,
  isPercent,
  isPortName,
  isPortNumber,
  isQualifiedName,
  isWildcardDns1123Subdomain
} from "./name.ts"
export { matchesNodeSelector, matchesRequiredAffinity, matchesTerm, type SelectableNode } from "./node-selector.ts"
export { controllerOf, isControlledBy, ownerReference } from "./owner.ts"
export { ParseError } from "./parse-error.ts"
export { applyJsonPatch, type JsonPatchOperation } from "./patch/json.ts"
export { applyMergePatch } from "./patch/merge.ts"
export { applyStrategicMergePatch } from "./patch/strategic.ts"
export { qosClassOf } from "./qos.ts"
export {
  type Amount,
  addQuantity,
  canonicalQuantity,
  compareQuantity,
  formatQuantity,
  parseQuantity,
  type QuantityFormat,
  quantityMilli,
  quantityValue,
  subtractQuantity
} from "./quantity.ts"
export { type Amounts, addAmounts, exceeding, formatAmounts, only, withoutZeros } from "./quota/amounts.ts"
export { podShortcomings } from "./quota/pod-usage.ts"
export { inScope } from "./quota/scope.ts"
export { countsFor, isCounted, usageOf } from "./quota/usage.ts"
export {
  apiVersionOf,
  groupKindOf,
  groupResourceOf,
  type KubernetesObject,
  pathOf,
  type Resource,
  type ResourceLocation,
  type Subresource,
  typeNameOf,
  type Verb
} from "./resource.ts"
export { restTextOf } from "./rest-text.ts"
export { definitions, hasDefinition, resolve, type Schema, schemaOf } from "./schema.ts"
export {
  formatLabelSelector,
  labelSelectorFrom,
  labelSelectorFromMap,
  matchesLabels,
  type Operator,
  parseLabelSelector,
  type Requirement,
  type Selector
} from "./selector.ts"
export {
  alreadyExists,
  applyConflict,
  badRequest,
  conflict,
  expired,
  forbidden,
  generateNameConflict,
  gone,
  internal,
  invalid,
  type KindName,
  methodNotAllowed,
  modifiedMessage,
  notAcceptable,
  notFound,
  notFoundPath,
  type ResourceName,
  StatusError,
  serverTimeout,
  serviceUnavailable,
  statusErrorOf,
  timeout,
  tooLarge,
  tooManyRequests,
  unauthorized,
  unprocessable,
  unsupportedMediaType
} from "./status.ts"
export { checkStructure, decodeMessage, type Structure, type StructureIssue, strictMessage } from "./structural.ts"
export { isTolerated, tolerates } from "./toleration.ts"
export { isCidr, isIp, isIpv4, isIpv6 } from "./validate/ip.ts"
export { validateCreate, validateUpdate } from "./validate/validate.ts"
export { warningsOf } from "./validate/warnings.ts"
