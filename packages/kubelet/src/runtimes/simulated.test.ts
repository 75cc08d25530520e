import { expect, test } from "bun:test"
import { effect } from "@tsukube/testing"
import { Effect, Scope } from "effect"
import { TestClock } from "effect/testing"
import { containerSpec, runtimeContract, sandboxSpec } from "../testing/runtime-contract.ts"
import { makeSimulated } from "./simulated.ts"

const runtime = Effect.runSync(Scope.provide(makeSimulated({ nodeName: "n", podCidr: "10.9.0.0/24" }), Scope.makeUnsafe()))
await Effect.runPromise(runtime.pullImage("docker.io/library/busybox:1.36"))
runtimeContract("the simulated one", () => ({ runtime, logDir: "/nowhere" }))

test(
  "containers that end by themselves do so by the clock, and tell",
  effect(() =>
    Effect.gen(function* () {
      const simulated = yield* makeSimulated({ nodeName: "n", podCidr: "10.9.0.0/24" })
      const told: Array<string> = []
      simulated.subscribe?.((uid) => told.push(uid))
      const sandbox = sandboxSpec("/nowhere")
      const sandboxId = yield* simulated.runSandbox(sandbox)
      for (const ends of ["init", "run", "never"] as const) {
        const spec = containerSpec(sandbox, { name: ends, ends })
        yield* simulated.startContainer(yield* simulated.createContainer(sandboxId, spec, sandbox))
      }
      const states = Effect.map(simulated.pod(sandbox.uid), ({ containers }) =>
        Object.fromEntries(containers.map(({ name, state }) => [name, state]))
      )
      yield* TestClock.adjust(99)
      expect(yield* states).toEqual({ init: "running", run: "running", never: "running" })
      yield* TestClock.adjust(1)
      expect(yield* states).toEqual({ init: "exited", run: "running", never: "running" })
      yield* TestClock.adjust(900)
      expect(yield* states).toEqual({ init: "exited", run: "exited", never: "running" })
      yield* TestClock.adjust("1 day")
      expect(yield* states).toEqual({ init: "exited", run: "exited", never: "running" })
      expect(told).toEqual([sandbox.uid, sandbox.uid])
    })
  )
)

test(
  "addresses are handed out in turn, never twice, and end",
  effect(() =>
    Effect.gen(function* () {
      const simulated = yield* makeSimulated({ nodeName: "n", podCidr: "10.9.0.0/29" })
      const take = Effect.gen(function* () {
        const sandbox = sandboxSpec("/nowhere")
        const id = yield* simulated.runSandbox(sandbox)
        return { id, ip: (yield* simulated.pod(sandbox.uid)).sandboxes[0]?.ips[0] }
      })
      const taken = [yield* take, yield* take, yield* take, yield* take, yield* take]
      expect(taken.map(({ ip }) => ip)).toEqual(["10.9.0.2", "10.9.0.3", "10.9.0.4", "10.9.0.5", "10.9.0.6"])
      expect(yield* Effect.flip(take)).toMatchObject({ code: "ResourceExhausted", message: "no address left in 10.9.0.0/29" })
      yield* simulated.stopSandbox(taken[2]?.id ?? "")
      expect((yield* take).ip).toBe("10.9.0.4")
    })
  )
)
