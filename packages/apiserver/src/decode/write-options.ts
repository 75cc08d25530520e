/** The query string of writes: dryRun, fieldManager, fieldValidation. @module */
import { type FieldError, fieldError, invalid, validateFieldManager } from "@tsukube/api"

/** What becomes of unknown and repeated fields: dropped, dropped with a warning, or refused. */
export type FieldValidation = "Ignore" | "Warn" | "Strict"

/** How a write is to be done. */
export interface WriteOptions {
  readonly dryRun: boolean
  readonly fieldManager: string
  readonly fieldValidation: FieldValidation
  /** The object comes from an apply patch: who owns its fields is settled already. */
  readonly applied?: true
}

const validations: ReadonlyArray<string> = ["", "Ignore", "Strict", "Warn"]

/** Whether all dryRun values are `All`; the error shows them together. */
export const dryRunErrors = (values: ReadonlyArray<string>): ReadonlyArray<FieldError> =>
  values.every((value) => value === "All") ? [] : [fieldError.notSupported("dryRun", values, ["All"])]

/** Reads the options of a create, update or patch; `kind` is what the error calls them (`CreateOptions`). */
export const readWriteOptions = (query: URLSearchParams, kind: string): WriteOptions => {
  const dryRun = query.getAll("dryRun")
  const fieldManager = query.get("fieldManager") ?? ""
  const fieldValidation = query.get("fieldValidation") || "Warn"
  const errors: Array<FieldError> = [...dryRunErrors(dryRun)]
  errors.push(...validateFieldManager(fieldManager, false))
  if (!validations.includes(fieldValidation))
    errors.push(fieldError.notSupported("fieldValidation", fieldValidation, validations))
  if (errors.length > 0) throw invalid({ group: "meta.k8s.io", kind }, "", errors)
  return { dryRun: dryRun.length > 0, fieldManager, fieldValidation: fieldValidation as FieldValidation }
}
