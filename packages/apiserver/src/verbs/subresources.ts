/** The parts of objects that have verbs of their own, by `plural.group/part`; and resources that are only spoken to, by `plural.group`. @module */
import type { Handler } from "../dispatch.ts"

/** The handler of every such part; status and connections are led elsewhere. */
export const subresources: Readonly<Record<string, Handler>> = {}
