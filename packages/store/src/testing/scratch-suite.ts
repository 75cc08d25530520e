/** For tests only: what tests on a throw-away PostgreSQL server share: its life, a schema for each, somebody who looks behind the scenes. @module */
import { afterAll, beforeAll } from "bun:test"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Context, Effect, Exit, type Fiber, Layer, Scope } from "effect"
import postgres from "postgres"
import { layerPostgres, type PostgresOptions } from "../postgres/mod.ts"
import { Store, type StoreError } from "../store.ts"
import { type ScratchPostgres, scratchPostgres } from "./scratch-postgres.ts"

/** Opens a store of its own, also where one with the same options is open. */
export const open = (options: PostgresOptions): Effect.Effect<Store, StoreError, Scope.Scope> =>
  Effect.map(Layer.build(Layer.fresh(layerPostgres(options))), (context) => Context.get(context, Store))

/** Runs beside the test until the test ends. */
export const start = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<Fiber.Fiber<A, E>, never, Scope.Scope> =>
  Effect.forkScoped(effect, { startImmediately: true })

/** A folder that goes away with the scope. */
export const temporary = (name: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), `tsukube-${name}-`))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )

/** Runs a program to its end, and throws what it complained of. */
export const command = (words: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}): void => {
  const { exitCode, stderr } = Bun.spawnSync([...words], { env: { ...process.env, ...env }, stderr: "pipe" })
  if (exitCode !== 0) throw new Error(`${words.join(" ")}: ${stderr}`)
}

let schemas = 0
/** A schema that nobody has used. */
export const freshSchema = (name: string): string => `${name}_${++schemas}`

/** A connection beside those of the stores. */
export const adminOf = (url: string): Effect.Effect<postgres.Sql, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => postgres(url, { max: 2, onnotice: () => {} })),
    (sql) => Effect.promise(() => sql.end({ timeout: 1 }))
  )

/** The rows of a statement. */
export const ask = (sql: postgres.Sql, statement: string): Effect.Effect<ReadonlyArray<ReadonlyArray<unknown>>> =>
  Effect.promise(() => sql.unsafe(statement).values())

/** A scope that lasts as long as the tests of a file or group, with what is needed before the first of them. */
export const beforeTests = <A, E>(make: Effect.Effect<A, E, Scope.Scope>): (() => A) => {
  const scope = Scope.makeUnsafe()
  let made: { readonly value: A } | undefined
  beforeAll(async () => {
    made = { value: await Effect.runPromise(Scope.provide(make, scope)) }
  }, 60_000)
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  return () => {
    if (made === undefined) throw new Error("this is there when the tests run")
    return made.value
  }
}

/** A server for the tests of a file or group. */
export const useServer = (): (() => ScratchPostgres) => beforeTests(scratchPostgres)
