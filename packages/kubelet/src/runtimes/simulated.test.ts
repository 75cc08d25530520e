import { expect, test } from "bun:test"
import { effect, eventually, live } from "@tsukube/testing"
import { Effect, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { annotationKeys, type LogOptions } from "../runtime.ts"
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
        const spec = containerSpec(sandbox, { name: ends, ends, command: ["a-server"] })
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
  "a command that is simulated decides itself when and how its container ends, and what it leaves",
  live(() =>
    Effect.gen(function* () {
      const simulated = yield* makeSimulated({ nodeName: "n", podCidr: "10.9.0.0/24" })
      const sandbox = sandboxSpec("/nowhere")
      const sandboxId = yield* simulated.runSandbox(sandbox)
      const script = "echo working; echo $WHO >&2; printf done > /dev/termination-log; exit 3"
      const annotations = { [annotationKeys.terminationMessagePath]: "/dev/termination-log" }
      const environment = [{ name: "WHO", value: "me" }]
      const spec = containerSpec(sandbox, { command: ["/bin/sh", "-c"], args: [script], environment, annotations, ends: "run" })
      const id = yield* simulated.createContainer(sandboxId, spec, sandbox)
      yield* simulated.startContainer(id)
      const [container] = yield* Effect.promise(() =>
        eventually(async () => {
          const { containers } = await Effect.runPromise(simulated.pod(sandbox.uid))
          return containers[0]?.state === "exited" && containers
        })
      )
      expect(container).toMatchObject({ exitCode: 3, message: "done" })
      const log = async (options: Partial<LogOptions>) => {
        let text = ""
        const read = simulated.logs(container!, { follow: true, timestamps: false, ...options }, async () => true)
        for await (const bytes of read) text += new TextDecoder().decode(bytes)
        return text
      }
      expect(yield* Effect.promise(() => log({}))).toBe("working\nme\n")
      expect(yield* Effect.promise(() => log({ tailLines: 1 }))).toBe("me\n")
      expect(yield* Effect.promise(() => log({ stream: "stdout" }))).toBe("working\n")
      expect(yield* Effect.promise(() => log({ limitBytes: 4 }))).toBe("work")
      expect(yield* Effect.promise(() => log({ timestamps: true, tailLines: 1 }))).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]{18}Z me\n$/)
    })
  )
)

test(
  "commands run in a container until it is stopped",
  live(() =>
    Effect.gen(function* () {
      const simulated = yield* makeSimulated({ nodeName: "n", podCidr: "10.9.0.0/24" })
      const sandbox = sandboxSpec("/nowhere")
      const sandboxId = yield* simulated.runSandbox(sandbox)
      const id = yield* simulated.createContainer(sandboxId, containerSpec(sandbox), sandbox)
      yield* simulated.startContainer(id)
      const ran = yield* simulated.execute(id, ["sh", "-c", "hostname; exit 4"], 0)
      expect([new TextDecoder().decode(ran.stdout), ran.exitCode]).toEqual([`${sandbox.hostname}\n`, 4])
      const sleeping = yield* Effect.forkChild(simulated.execute(id, ["sleep", "1000"], 0))
      yield* simulated.stopContainer(id, 30)
      expect((yield* Fiber.join(sleeping)).exitCode).toBe(143)
      expect((yield* simulated.pod(sandbox.uid)).containers[0]).toMatchObject({ state: "exited", exitCode: 143 })
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
