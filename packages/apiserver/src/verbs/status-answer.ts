/** The answer of things that are done rather than stored. @module */
import { objectResponse } from "../encode/json.ts"
import type { RequestContext } from "../request.ts"

/** 201 with a Status that says so. */
export const doneResponse = (context: RequestContext): Response =>
  objectResponse(context, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 }, 201)
