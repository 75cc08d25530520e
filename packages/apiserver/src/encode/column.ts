/** What a column of a table is, and the cells that many kinds share. @module */
import type { KubernetesObject } from "@tsukube/api"
import type { PodSpec } from "@tsukube/api/core-v1"
import type { LabelSelector } from "@tsukube/api/meta-v1"
import { since } from "./duration.ts"

/** A column of the objects `T`. */
export interface Column<T> {
  readonly name: string
  readonly type: "string" | "integer" | "boolean" | "date"
  readonly format: "" | "name"
  /** 0: always shown, 1: with `-o wide`. */
  readonly priority: 0 | 1
  readonly cell: (object: T, now: number) => string | number | boolean
}

/** How the objects of one kind are printed. */
export interface Printer {
  readonly columns: ReadonlyArray<Column<KubernetesObject>>
  /** Marks of a row that clients may hide or fade, such as a finished pod. */
  readonly conditions?: (object: KubernetesObject) => ReadonlyArray<object> | undefined
}

/** A printer of a kind whose objects are `T`; which kind it is asked about is the caller's business. */
export const printer = <T extends KubernetesObject>(
  columns: ReadonlyArray<Column<T>>,
  conditions?: (object: T) => ReadonlyArray<object> | undefined
): Printer => ({ columns, ...(conditions === undefined ? {} : { conditions }) }) as unknown as Printer

/** A column of text. */
export const text = <T>(name: string, cell: Column<T>["cell"]): Column<T> => ({
  name,
  type: "string",
  format: "",
  priority: 0,
  cell
})

/** A column of whole numbers. */
export const number = <T>(name: string, cell: Column<T>["cell"]): Column<T> => ({ ...text(name, cell), type: "integer" })

/** A column of true and false. */
export const flag = <T>(name: string, cell: Column<T>["cell"]): Column<T> => ({ ...text(name, cell), type: "boolean" })

/** The same column, shown only with `-o wide`. */
export const wide = <T>(column: Column<T>): Column<T> => ({ ...column, priority: 1 })

/** The object's name. */
export const nameColumn: Column<KubernetesObject> = {
  ...text("Name", ({ metadata }: KubernetesObject) => metadata?.name ?? ""),
  format: "name"
}

/** Time since the object was created. */
export const ageColumn: Column<KubernetesObject> = text("Age", ({ metadata }, now) => since(metadata?.creationTimestamp, now))

/** The moment it was created, for the kinds that upstream shows so. */
export const createdColumn: Column<KubernetesObject> = {
  ...text("Created At", ({ metadata }: KubernetesObject) => metadata?.creationTimestamp ?? ""),
  type: "date"
}

/** What stands for nothing. */
export const none = "<none>"

/** The text, or `<none>`. */
export const orNone = (value: string | undefined | null): string =>
  value === undefined || value === null || value === "" ? none : value

/** Joined by commas, or `<none>`. */
export const joined = (values: ReadonlyArray<string>): string => orNone(values.join(","))

/** `a=1,b=2` in order of the keys. */
export const formatLabels = (labels: Readonly<Record<string, string>> | undefined): string =>
  joined(
    Object.entries(labels ?? {})
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${key}=${value}`)
  )

/** A label selector in the notation of `kubectl -l`; one that selects everything shows as `<none>`. */
export const formatSelector = (selector: LabelSelector | undefined): string => {
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({ key, text: `${key}=${value}` }))
  const expressions = (selector?.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    if (operator === "Exists") return { key, text: key }
    if (operator === "DoesNotExist") return { key, text: `!${key}` }
    return { key, text: `${key} ${operator.toLowerCase()} (${[...values].sort().join(",")})` }
  })
  return joined([...labels, ...expressions].sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ text }) => text))
}

interface HasPods {
  readonly template?: { readonly spec?: PodSpec }
}

/** Names and images of a workload's containers, both wide. */
export const containerColumns = <T>(specOf: (object: T) => HasPods | undefined): ReadonlyArray<Column<T>> => [
  wide(text("Containers", (object) => (specOf(object)?.template?.spec?.containers ?? []).map(({ name }) => name).join(","))),
  wide(text("Images", (object) => (specOf(object)?.template?.spec?.containers ?? []).map(({ image }) => image ?? "").join(",")))
]

/** The first `limit` values and how many more there are. */
export const shortened = (values: ReadonlyArray<string>, limit: number, empty: string): string => {
  if (values.length === 0) return empty
  const shown = values.slice(0, limit).join(",")
  return values.length > limit ? `${shown} + ${values.length - limit} more...` : shown
}
