/** Calls of the Container Runtime Interface v1 over a unix socket; the connection repairs itself. @module */
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js"
import { Effect, type Scope } from "effect"
import protobuf, { type Type } from "protobufjs"
import { RuntimeError } from "../runtime.ts"
import { messages } from "./generated/messages.ts"

/** One unary call: the request's fields by their CRI names, the response with enums as names and numbers as numbers. */
export type CriCall = <Response>(
  service: "RuntimeService" | "ImageService",
  method: string,
  request: object,
  options?: { readonly timeoutMs?: number }
) => Effect.Effect<Response, RuntimeError>

const limitBytes = 64 * 1024 * 1024

/** Opens a connection to `socket` (a path) that is closed with the scope. Nothing is sent until the first call. */
export const makeCriClient = (socket: string): Effect.Effect<CriCall, never, Scope.Scope> =>
  Effect.gen(function* () {
    const root = protobuf.Root.fromJSON(messages)
    const client = yield* Effect.acquireRelease(
      Effect.sync(
        () =>
          new Client(`unix:${socket}`, credentials.createInsecure(), {
            "grpc.max_receive_message_length": limitBytes,
            "grpc.initial_reconnect_backoff_ms": 100,
            "grpc.max_reconnect_backoff_ms": 1000
          })
      ),
      (open) => Effect.sync(() => open.close())
    )
    const types = new Map<string, Type>()
    const typeOf = (name: string): Type => {
      const known = types.get(name)
      if (known !== undefined) return known
      const type = root.lookupType(`runtime.v1.${name}`)
      types.set(name, type)
      return type
    }
    return <Response>(service: string, method: string, request: object, options: { readonly timeoutMs?: number } = {}) =>
      Effect.callback<Response, RuntimeError>((resume) => {
        const descriptor = root.lookupService(`runtime.v1.${service}`).methods[method]
        if (descriptor === undefined) throw new Error(`CRI has no ${service}.${method}`)
        const requestType = typeOf(descriptor.requestType)
        const responseType = typeOf(descriptor.responseType)
        const call = client.makeUnaryRequest(
          `/runtime.v1.${service}/${method}`,
          (fields: object) => Buffer.from(requestType.encode(requestType.fromObject(fields)).finish()),
          (bytes: Buffer): object => responseType.toObject(responseType.decode(bytes), decoding),
          request,
          { deadline: Date.now() + (options.timeoutMs ?? 120_000) },
          (error: ServiceError | null, response?: object) => {
            if (error !== null) resume(Effect.fail(runtimeErrorOf(method, error)))
            // The message type of the method is what makes the response of this shape.
            else resume(Effect.succeed(response as Response))
          }
        )
        return Effect.sync(() => call.cancel())
      })
  })

const decoding = { longs: Number, enums: String, defaults: true, arrays: true, objects: true }

const runtimeErrorOf = (operation: string, error: ServiceError): RuntimeError => {
  const code = status[error.code] ?? "UNKNOWN"
  const words = code.toLowerCase().split("_")
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("")
  // As Go's gRPC prints it, which is what upstream's events and messages hold.
  return new RuntimeError({ operation, code: name, message: `rpc error: code = ${name} desc = ${error.details}` })
}
