/** What the parts say goes to a file, so that the terminal keeps the few lines a user needs. @module */
import { createWriteStream, mkdirSync } from "node:fs"
import { join } from "node:path"
import { Effect, Layer, Logger } from "effect"

/** Logs to `DATA_DIR/logs/cluster.log`, a line of key=value pairs a message. */
export const layerLogFile = (dataDir: string): Layer.Layer<never> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const folder = join(dataDir, "logs")
      mkdirSync(folder, { recursive: true })
      const stream = createWriteStream(join(folder, "cluster.log"), { flags: "a" })
      yield* Effect.addFinalizer(() => Effect.promise(() => new Promise<void>((done) => stream.end(() => done()))))
      return Logger.layer([Logger.map(Logger.formatLogFmt, (line) => void stream.write(`${line}\n`))])
    })
  )
