/** How a deletion is to be done: from the body, or from the query where there is no body. @module */
import { badRequest, type FieldError, fieldError, invalid } from "@tsukube/api"
import type { DeleteOptions } from "@tsukube/api/meta-v1"
import { isTrue } from "../paths.ts"
import type { RequestContext } from "../request.ts"
import { readBody } from "./body.ts"
import { decodeObject } from "./object.ts"
import { dryRunErrors } from "./write-options.ts"

const expected = { group: "", version: "v1", kind: "DeleteOptions", schema: "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions" }

const policies: ReadonlyArray<string> = ["Foreground", "Background", "Orphan"]

const fromQuery = (query: URLSearchParams): DeleteOptions => {
  const grace = query.get("gracePeriodSeconds")
  const policy = query.get("propagationPolicy")
  const orphan = query.get("orphanDependents")
  const dryRun = query.getAll("dryRun")
  if (grace !== null && !/^-?\d{1,15}$/.test(grace)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(grace)}: invalid syntax`)
  }
  return {
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(policy === null || policy === "" ? {} : { propagationPolicy: policy }),
    ...(orphan === null ? {} : { orphanDependents: isTrue(orphan) }),
    ...(dryRun.length === 0 ? {} : { dryRun })
  }
}

const errorsOf = (options: DeleteOptions): ReadonlyArray<FieldError> => {
  const { propagationPolicy: policy, orphanDependents: orphan } = options
  const errors: Array<FieldError> = [...dryRunErrors(options.dryRun ?? [])]
  if (policy !== undefined && orphan !== undefined) {
    errors.push(fieldError.invalid("propagationPolicy", policy, "orphanDependents and deletionPropagation cannot be both set"))
  }
  if (policy !== undefined && !policies.includes(policy)) {
    errors.push(fieldError.notSupported("propagationPolicy", policy, [...policies, "nil"]))
  }
  return errors
}

/** Reads and checks the options of a deletion. Any group's `DeleteOptions` will do. */
export const readDeleteOptions = async (context: RequestContext): Promise<DeleteOptions> => {
  const body = await readBody(context)
  const options = body.text.trim() === "" ? fromQuery(context.url.searchParams) : readDeleteBody(context, body)
  const errors = errorsOf(options)
  if (errors.length > 0) throw invalid({ group: "meta.k8s.io", kind: "DeleteOptions" }, "", errors)
  return options
}

const readDeleteBody = (context: RequestContext, body: Awaited<ReturnType<typeof readBody>>): DeleteOptions => {
  // Clients of other groups send `{"apiVersion":"apps/v1","kind":"DeleteOptions"}`; it is the same type everywhere.
  const group = /"apiVersion"\s*:\s*"([^"/]+)\/([^"]+)"/.exec(body.text)
  const own = group === null ? expected : { ...expected, group: group[1]!, version: group[2]! }
  return decodeObject(context, body, own, "Ignore") as DeleteOptions
}
