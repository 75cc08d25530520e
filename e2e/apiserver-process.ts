/** One API server in a process of its own, to be killed: `bun e2e/apiserver-process.ts POSTGRES PORT FOLDER`; prints `ready`. @module */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createAuthority } from "@tsukube/apiserver/certificates"
import { startApiserver } from "@tsukube/apiserver/promise"
import { layerPostgres } from "@tsukube/store/postgres"

const [url = "", port = "0", folder = "."] = process.argv.slice(2)
const file = join(folder, "authority.json")
const authority = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : await createAuthority()
writeFileSync(file, JSON.stringify(authority))
const server = await startApiserver({ store: layerPostgres({ url }), port: Number(port), authority })
writeFileSync(join(folder, `kubeconfig-${port}`), server.kubeconfig)
console.log("ready")
