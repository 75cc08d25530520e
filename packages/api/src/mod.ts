/** The front door of @tsukube/api: every public name, listed by hand. @module */
export { allResources, compareVersions, findByKind, findByName, findResource, resources } from "./catalog.ts"
export * as fieldError from "./field-error.ts"
export { causeOf, describeFieldError, type FieldError, type FieldErrorType, formatFieldError } from "./field-error.ts"
export {
  apiVersionOf,
  groupKindOf,
  groupResourceOf,
  type KubernetesObject,
  pathOf,
  type Resource,
  type ResourceLocation,
  type Subresource,
  type Verb
} from "./resource.ts"
export { definitions, hasDefinition, resolve, type Schema, schemaOf } from "./schema.ts"
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
  unsupportedMediaType
} from "./status.ts"
