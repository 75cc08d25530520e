/** Writes the messages of the Container Runtime Interface v1, from their protobufjs JSON form, into the kubelet package. @module */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { factsFolder } from "./facts-folder.ts"

const source = factsFolder()
const messages: unknown = JSON.parse(readFileSync(join(source, "cri-v1-messages.json"), "utf8"))
const target = join(import.meta.dirname, "../../packages/kubelet/src/cri/generated")
mkdirSync(target, { recursive: true })
writeFileSync(
  join(target, "messages.ts"),
  `/** The Container Runtime Interface v1 in protobufjs JSON form; written by scripts/generate/cri.ts. @module */
import type { INamespace } from "protobufjs"

/** Services and messages of CRI v1 under \`runtime.v1\`. */
export const messages: INamespace = JSON.parse(
  ${JSON.stringify(JSON.stringify(messages))}
)
`
)
