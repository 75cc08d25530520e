import { expect, test } from "bun:test"
import { decodeProtobuf } from "./decode.ts"
import { messageOf } from "./message.ts"
import { messageTexts } from "./messages.ts"

/** A length-delimited field. */
const field = (number: number, value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes])
}
const numeric = (number: number, value: number): Buffer => Buffer.from([number << 3, value])
const body = (apiVersion: string, kind: string, ...fields: ReadonlyArray<Buffer>): Buffer =>
  Buffer.concat([
    Buffer.from("k8s\0"),
    field(1, Buffer.concat([field(1, apiVersion), field(2, kind)])),
    field(2, Buffer.concat(fields))
  ])

test("a zero is kept where Go has a pointer, and is nothing elsewhere", () => {
  const metadata = field(1, Buffer.concat([field(1, "web"), field(2, ""), field(8, ""), numeric(7, 0)]))
  const spec = field(2, Buffer.concat([numeric(1, 0), numeric(5, 0), numeric(7, 0)]))
  expect(decodeProtobuf(body("apps/v1", "Deployment", metadata, spec))).toEqual({
    kind: "Deployment",
    apiVersion: "apps/v1",
    metadata: { name: "web" },
    spec: { replicas: 0 }
  })
})

test("maps, embedded structs, quantities and ports become what JSON has", () => {
  const entry = field(11, Buffer.concat([field(1, "__proto__"), field(2, "x")]))
  const source = field(2, field(2, field(2, field(1, "1Gi"))))
  const port = field(6, Buffer.concat([numeric(2, 0), numeric(3, 80)]))
  const limits = field(8, field(1, Buffer.concat([field(1, "cpu"), field(2, field(1, "500m"))])))
  const container = field(2, Buffer.concat([field(1, "c"), port, limits]))
  const spec = field(2, Buffer.concat([field(1, Buffer.concat([field(1, "v"), source])), container]))
  const pod = decodeProtobuf(body("v1", "Pod", field(1, entry), spec)) as unknown as {
    metadata: { labels: object }
    spec: unknown
  }
  expect(Object.entries(pod.metadata.labels)).toEqual([["__proto__", "x"]])
  expect(pod.spec).toEqual({
    volumes: [{ name: "v", emptyDir: { sizeLimit: "1Gi" } }],
    containers: [{ name: "c", ports: [{ containerPort: 80 }], resources: { limits: { cpu: "500m" } } }]
  })
})

test("what is no protobuf is a 400 that says why", () => {
  const failure = (bytes: Buffer): string => {
    try {
      decodeProtobuf(bytes)
    } catch (error) {
      return (error as Error).message
    }
    return ""
  }
  expect(failure(Buffer.from("{}"))).toContain("does not appear to be a protobuf message")
  expect(failure(body("v1", "Pod", Buffer.from([0x0a, 0xff])))).toContain("not valid protobuf")
  expect(failure(body("v1", "Nothing"))).toBe('no kind "Nothing" is registered for version "v1"')
})

test("every message that a field names is known", () => {
  for (const name of Object.keys(messageTexts)) {
    for (const { type } of messageOf(name)!.values()) if (type.includes(".")) expect(messageOf(type)).toBeDefined()
  }
})
