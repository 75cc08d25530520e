/** The shape of a group's table of defaults: kind to function. @module */
import type { KubernetesObject } from "../resource.ts"

/** Fills in an object of one kind. */
export type DefaultsOfKind = (object: KubernetesObject) => KubernetesObject

/** The kinds of a group that have defaults. */
export type DefaultsTable = Readonly<Record<string, DefaultsOfKind>>

/** A row: the table's key vouches for the type, because rows are only looked up by the object's own kind. */
export const kind = <T extends KubernetesObject>(f: (object: T) => T): DefaultsOfKind => f as unknown as DefaultsOfKind
