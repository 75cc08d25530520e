import { expect, test } from "bun:test"
import * as field from "./field-error.ts"
import * as status from "./status.ts"
import { deployments } from "./types/apps-v1.ts"
import { pods } from "./types/core-v1.ts"

test("messages name group and resource", () => {
  expect(status.notFound(pods, "web").message).toBe('pods "web" not found')
  const error = status.notFound(deployments, "web")
  expect(error.status).toEqual({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: 'deployments.apps "web" not found',
    reason: "NotFound",
    details: { name: "web", group: "apps", kind: "deployments" },
    code: 404
  })
  expect(status.alreadyExists(pods, "web").message).toBe('pods "web" already exists')
  expect(status.conflict(pods, "web").message).toBe(
    'Operation cannot be fulfilled on pods "web": the object has been modified; please apply your changes to the latest version and try again'
  )
})

test("forbidden is worded by what is known", () => {
  expect(status.forbidden(pods, "web", "no").message).toBe('pods "web" is forbidden: no')
  expect(status.forbidden(pods, "", "no").message).toBe("pods is forbidden: no")
  expect(status.forbidden({ group: "", plural: "" }, "", "no").message).toBe("forbidden: no")
})

test("invalid lists its causes", () => {
  const one = status.invalid(deployments, "web", [field.required("spec.selector")])
  expect(one.message).toBe('Deployment.apps "web" is invalid: spec.selector: Required value')
  const two = status.invalid(pods, "web", [
    field.invalid("spec.x", -1, "must be greater than or equal to 0"),
    field.notSupported("spec.restartPolicy", "Sometimes", ["Always", "Never"])
  ])
  expect(two.message).toBe(
    'Pod "web" is invalid: [spec.x: Invalid value: -1: must be greater than or equal to 0, spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never"]'
  )
  expect(two.status.details?.causes?.[1]).toEqual({
    reason: "FieldValueNotSupported",
    message: 'Unsupported value: "Sometimes": supported values: "Always", "Never"',
    field: "spec.restartPolicy"
  })
})

test("a status error is an error with a tag and a code", () => {
  const error = status.badRequest("no")
  expect(error).toBeInstanceOf(Error)
  expect(error._tag).toBe("StatusError")
  expect([error.code, error.reason]).toEqual([400, "BadRequest"])
})
