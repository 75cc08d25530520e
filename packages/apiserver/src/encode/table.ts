/** Prints objects as the rows of a Table, with the columns that kubectl's users know. @module */
import type { KubernetesObject } from "@tsukube/api"
import { kindOf } from "../kinds/table.ts"
import type { ToTable } from "../request.ts"
import { createdColumn, nameColumn, type Printer } from "./column.ts"

const defaultPrinter: Printer = { columns: [nameColumn, createdColumn] }

const partial = ({ metadata }: KubernetesObject): object => ({
  kind: "PartialObjectMetadata",
  apiVersion: "meta.k8s.io/v1",
  metadata: metadata ?? {}
})

/** Kinds without columns of their own show their name and when they were created. All columns are sent: the client leaves out the wide ones. */
export const toTable: ToTable = (objects, resource, { includeObject, now }) => {
  const { columns, conditions } = kindOf(resource).printer ?? defaultPrinter
  return {
    columnDefinitions: columns.map(({ name, type, format, priority }) => ({ name, type, format, description: "", priority })),
    rows: objects.map((object) => {
      const marks = conditions?.(object)
      return {
        cells: columns.map(({ cell }) => cell(object, now)),
        ...(marks === undefined ? {} : { conditions: marks }),
        ...(includeObject === "None" ? {} : { object: includeObject === "Object" ? object : partial(object) })
      }
    })
  }
}
