import { expect, test } from "bun:test"
import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { isRoot } from "@tsukube/host"
import { live, requireTool } from "@tsukube/testing"
import { Context, Effect, Layer, Schedule } from "effect"
import { Store, type StoreError } from "../store.ts"
import { command, temporary } from "../testing/scratch-suite.ts"
import { layerEmbedded } from "./embedded.ts"

const small = requireTool("a full disk", { "root (for a small tmpfs)": isRoot() })

test.skipIf(!small)(
  "a full disk: writes fail as errors that say so, reads go on, and when there is room again nothing acknowledged is lost",
  live(() =>
    Effect.gen(function* () {
      const folder = yield* temporary("full")
      command(["mount", "-t", "tmpfs", "-o", "size=220m,mode=755", "tmpfs", folder])
      yield* Effect.addFinalizer(() => Effect.sync(() => void Bun.spawnSync(["umount", "-l", folder])))
      const filler = join(folder, "filler")
      writeFileSync(filler, Buffer.alloc(60 * 1024 * 1024))
      const store = Context.get(yield* Layer.build(layerEmbedded({ dataDir: join(folder, "store") })), Store)
      const acknowledged: Array<string> = []
      let failure: StoreError | undefined
      const value = "x".repeat(1024 * 1024)
      for (let i = 0; failure === undefined && i < 400; i++)
        yield* Effect.match(store.commit([{ key: `/k/${i}`, value, expected: 0n }]), {
          onSuccess: () => void acknowledged.push(`/k/${i}`),
          onFailure: (error) => {
            if (error._tag === "StoreError") failure = error
          }
        })
      expect(failure?._tag).toBe("StoreError")
      expect(["Failed", "Unknown", "Unavailable"]).toContain(failure?.reason ?? "")
      rmSync(filler)
      const again = { schedule: Schedule.spaced("100 millis"), times: 200 }
      yield* Effect.retry(store.commit([{ key: "/after", value: "1" }]), again)
      const keys = new Set((yield* Effect.retry(store.list({ prefix: "" }), again)).entries.map(({ key }) => key))
      expect(acknowledged.filter((key) => !keys.has(key))).toEqual([])
    })
  ),
  60_000
)
