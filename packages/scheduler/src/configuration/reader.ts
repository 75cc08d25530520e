/** Reads the fields of a configuration, and collects what is wrong with them. @module */
import { type FieldError, fieldError, isList, isObject } from "@tsukube/api"

const { forbidden, invalid, typeInvalid } = fieldError

/** An object of a configuration. */
export type Json = Readonly<Record<string, unknown>>

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Collects findings while a configuration is read. */
export class Reader {
  readonly errors: Array<FieldError> = []
  /** Fields that are right and do nothing here. */
  readonly warnings: Array<string> = []

  /** An object; an empty one where there is none. */
  object(value: unknown, path: string): Json {
    if (value === undefined || value === null) return {}
    if (isObject(value)) return value
    this.errors.push(typeInvalid(path, value, "must be an object"))
    return {}
  }

  /** A list; an empty one where there is none. */
  list(value: unknown, path: string): ReadonlyArray<unknown> {
    if (value === undefined || value === null) return []
    if (isList(value)) return value
    this.errors.push(typeInvalid(path, value, "must be a list"))
    return []
  }

  /** A text. */
  text(value: unknown, path: string): string | undefined {
    if (value === undefined || typeof value === "string") return value
    this.errors.push(typeInvalid(path, value, "must be a string"))
    return undefined
  }

  /** A whole number. */
  integer(value: unknown, path: string): number | undefined {
    if (value === undefined || value === null) return undefined
    if (typeof value === "number" && Number.isSafeInteger(value)) return value
    this.errors.push(typeInvalid(path, value, "must be an integer"))
    return undefined
  }

  /** True or false. */
  flag(value: unknown, path: string): boolean | undefined {
    if (value === undefined || typeof value === "boolean") return value
    this.errors.push(typeInvalid(path, value, "must be a boolean"))
    return undefined
  }

  /** Refuses the fields that are not among the names. */
  known(value: Json, path: string, names: ReadonlyArray<string>): void {
    for (const name of Object.keys(value)) {
      if (!names.includes(name))
        this.errors.push(forbidden(path === "" ? name : `${path}.${name}`, "unknown or unsupported field"))
    }
  }

  /** `1m30s` as milliseconds. */
  durationMs(value: unknown, path: string): number | undefined {
    if (value === undefined || value === null) return undefined
    const parts = typeof value === "string" ? [...value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)] : []
    if (typeof value === "string" && parts.length > 0 && parts.map(([part]) => part).join("") === value)
      return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * units[unit ?? "s"]!, 0)
    this.errors.push(invalid(path, value, "must be a duration such as 5s"))
    return undefined
  }
}
