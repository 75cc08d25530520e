/** A counter that survives: compare-and-set writes, and a watch that goes on where it was, on a private PostgreSQL. @module */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { layerEmbedded } from "@tsukube/store/embedded"
import { openStore } from "@tsukube/store/promise"

const folder = mkdtempSync(join(tmpdir(), "store-"))
const open = () => openStore(layerEmbedded({ dataDir: join(folder, "data") }))

/** Adds one, however many others do the same at this moment. */
const increment = async (store: Awaited<ReturnType<typeof open>>): Promise<void> => {
  const entry = await store.get("/counter")
  const write = { key: "/counter", value: String(Number(entry?.value ?? 0) + 1), expected: entry?.revision ?? 0n }
  // A conflict means that somebody else was faster: read again.
  await store.commit([write]).catch((error) => (error._tag === "Conflict" ? increment(store) : Promise.reject(error)))
}

let seen = 0n
{
  await using store = await open()
  seen = (await store.list("/")).revision
  await Promise.all(Array.from({ length: 10 }, () => increment(store)))
}
{
  // Another start of the database; the watch reads on from the revision it last saw.
  await using store = await open()
  const values: Array<string | undefined> = []
  for await (const changes of store.watch("/counter", seen)) {
    values.push(...changes.map(({ value }) => value))
    if (values.length === 10) break
  }
  console.log(values.join(" "))
}
rmSync(folder, { recursive: true })
