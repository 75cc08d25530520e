/** Unknown and duplicate fields of built-in types: refused, warned of or ignored, as the request asks. @module */
import { deployments } from "@tsukube/api/apps-v1"
import { type Cluster, type ConformanceTest, expectEqual, expectThat, unlessGone } from "../suite.ts"

type Validation = "Strict" | "Warn" | "Ignore"

interface Answer {
  readonly status: number
  readonly text: string
  readonly warnings: string
}

/** Sends text as it stands: duplicate fields do not survive a JSON encoder. */
const post = async ({ client, namespace }: Cluster, text: string, fieldValidation: Validation): Promise<Answer> => {
  const url = `http://cluster.local/apis/apps/v1/namespaces/${namespace}/deployments?fieldValidation=${fieldValidation}`
  const headers = { "content-type": "application/json", accept: "application/json" }
  const response = await client.fetch(new Request(url, { method: "POST", headers, body: text }))
  return { status: response.status, text: await response.text(), warnings: response.headers.get("warning") ?? "" }
}

const deploymentText = (
  { image }: Cluster,
  name: string,
  extra: { readonly metadata?: string; readonly spec?: string; readonly templateMetadata?: string }
): string => `{
  "apiVersion": "apps/v1", "kind": "Deployment",
  "metadata": { "name": "${name}"${extra.metadata ?? ""} },
  "spec": {
    "replicas": 0${extra.spec ?? ""},
    "selector": { "matchLabels": { "app": "${name}" } },
    "template": {
      "metadata": { "labels": { "app": "${name}" }${extra.templateMetadata ?? ""} },
      "spec": { "containers": [{ "name": "main", "image": "${image}" }] }
    }
  }
}`

const expectComplaints = (text: string, complaints: ReadonlyArray<string>, where: string): void => {
  // Status messages and Warning headers quote the quotes.
  const plain = text.replaceAll("\\", "")
  for (const complaint of complaints) expectThat(plain.includes(complaint), `${where} says ${complaint}: ${text}`)
}

const check = async (cluster: Cluster, extra: Parameters<typeof deploymentText>[2], complaints: ReadonlyArray<string>) => {
  const { client, namespace } = cluster
  const strict = await post(cluster, deploymentText(cluster, "strict", extra), "Strict")
  expectEqual(strict.status, 400, `the code for Strict (${strict.text})`)
  expectComplaints(strict.text, ["strict decoding error", ...complaints], "the refusal")
  const stored = await unlessGone(client.get(deployments, { namespace, name: "strict" }))
  expectThat(stored === undefined, "nothing was stored")

  const warn = await post(cluster, deploymentText(cluster, "warn", extra), "Warn")
  expectEqual(warn.status, 201, `the code for Warn (${warn.text})`)
  expectComplaints(warn.warnings, complaints, "the Warning header")

  const ignore = await post(cluster, deploymentText(cluster, "ignore", extra), "Ignore")
  expectEqual(ignore.status, 201, `the code for Ignore (${ignore.text})`)
  expectEqual(ignore.warnings, "", "warnings for Ignore")
  // In any place but one: a client without a name is the field manager "unknown".
  expectThat(!/"unknown\w+"/.test(ignore.text), `the unknown fields are dropped: ${ignore.text}`)
}

const typed: ConformanceTest = {
  name: "[sig-api-machinery] FieldValidation should detect unknown and duplicate fields of a typed object",
  run: async (cluster) => {
    const spec = `, "paused": true, "paused": false, "unknownOne": "x", "unknownTwo": 1, "unknownTwo": 2`
    await check(cluster, { spec }, [
      `unknown field "spec.unknownOne"`,
      `unknown field "spec.unknownTwo"`,
      `duplicate field "spec.paused"`
    ])
    const { client, namespace } = cluster
    const patch = client.patch(
      deployments,
      { namespace, name: "warn" },
      { type: "merge", body: { spec: { unknownThree: "x" } } },
      { fieldValidation: "Strict" }
    )
    const error = await patch.then(
      () => "no refusal",
      (reason: unknown) => String(reason instanceof Error ? reason.message : reason)
    )
    expectComplaints(error, [`unknown field "spec.unknownThree"`], "the refusal of the patch")
  }
}

const metadata: ConformanceTest = {
  name: "[sig-api-machinery] FieldValidation should detect unknown metadata fields of a typed object",
  run: (cluster) =>
    check(cluster, { metadata: `, "unknownMeta": "x"`, templateMetadata: `, "unknownTemplateMeta": "x"` }, [
      `unknown field "metadata.unknownMeta"`,
      `unknown field "spec.template.metadata.unknownTemplateMeta"`
    ])
}

export const fieldValidation: ReadonlyArray<ConformanceTest> = [typed, metadata]
