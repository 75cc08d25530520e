/** What the server has to know of a kind besides its schema: one entry says it all. @module */
import type { KubernetesObject, Resource } from "@tsukube/api"
import type { Printer } from "../encode/column.ts"

import type { Strategy } from "../strategies/strategy.ts"
import type { FieldReads } from "./field.ts"

/** The entry of one kind. The resource brings names, verbs and the schema; everything else may be left out. */
export interface Kind<T extends KubernetesObject = KubernetesObject> {
  readonly resource: Resource<T>
  /** What its objects do differently when they are created, updated and deleted. */
  readonly strategy?: Strategy<T>
  /** The columns of its tables; default name and age. */
  readonly printer?: Printer
  /** What field selectors may name besides `metadata.name` and `metadata.namespace`. */
  readonly fields?: FieldReads
}

/** An entry of the table. Forgets the type of the objects: the resource says it. */
export const kind = <T extends KubernetesObject>(resource: Resource<T>, entry: Omit<Kind<T>, "resource">): Kind =>
  ({ ...entry, resource }) as unknown as Kind
