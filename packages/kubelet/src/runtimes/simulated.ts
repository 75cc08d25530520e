/** A container runtime that runs nothing: pods pass through a table of stages by the clock. @module */
import { createHash, randomBytes } from "node:crypto"
import { formatIpv4, parseNetwork } from "@tsukube/host"
import { Clock, Effect, Layer, Queue, type Scope } from "effect"
import { formatLogLine, parseLogLine, printLogLine } from "../log-line.ts"
import {
  ContainerRuntime,
  type RuntimeContainer,
  RuntimeError,
  type RuntimeImage,
  type RuntimePod,
  type RuntimeSandbox
} from "../runtime.ts"

/** How long the stages of a simulated container last. One that is meant to go on runs until it is stopped. */
export interface Stages {
  /** An init container ends, with code 0, after so long. */
  readonly initMs: number
  /** A container of a pod that does not always restart ends, with code 0, after so long. */
  readonly runMs: number
}

/** The stages unless others are given. */
export const defaultStages: Stages = { initMs: 100, runMs: 1000 }

/** What a simulated node is. */
export interface SimulatedOptions {
  readonly nodeName: string
  /** Pods get their addresses from it; no two nodes of a cluster may share one. */
  readonly podCidr: string
  readonly stages?: Stages
}

interface Due {
  readonly at: number
  readonly containerId: string
}

/** Pods are kept in plain maps; one fiber sleeps until the next stage of any of them is due. */
export const makeSimulated = (options: SimulatedOptions): Effect.Effect<ContainerRuntime, never, Scope.Scope> =>
  Effect.gen(function* () {
    const stages = options.stages ?? defaultStages
    const addresses = makeAddresses(options.podCidr)
    const sandboxes = new Map<string, RuntimeSandbox>()
    const containers = new Map<string, RuntimeContainer>()
    const byPod = new Map<string, { sandboxes: Array<string>; containers: Array<string> }>()
    const ending = new Map<string, number>()
    const images = new Map<string, RuntimeImage>()
    const listeners = new Set<(uid: string) => void>()
    const due: Array<Due> = []
    const wake = yield* Queue.sliding<void>(1)

    const podOf = (uid: string) => {
      const known = byPod.get(uid) ?? { sandboxes: [], containers: [] }
      byPod.set(uid, known)
      return known
    }
    const forgetEmpty = (uid: string): void => {
      const pod = byPod.get(uid)
      if (pod !== undefined && pod.sandboxes.length + pod.containers.length === 0) byPod.delete(uid)
    }
    const changed = (uid: string): void => {
      for (const listener of listeners) listener(uid)
    }
    const finish = (id: string, exitCode: number, at: number): void => {
      const container = containers.get(id)
      if (container === undefined || container.state === "exited") return
      const startedAt = container.startedAt === 0 ? at : container.startedAt
      containers.set(id, { ...container, state: "exited", exitCode, startedAt, finishedAt: at })
      changed(container.podUid)
    }
    const schedule = (entry: Due): void => {
      due.push(entry)
      Queue.offerUnsafe(wake, undefined)
    }
    const read = (uid: string): RuntimePod => {
      const pod = byPod.get(uid)
      return {
        sandboxes: (pod?.sandboxes ?? []).flatMap((id) => sandboxes.get(id) ?? []).toReversed(),
        containers: (pod?.containers ?? []).flatMap((id) => containers.get(id) ?? []).toReversed()
      }
    }

    const runStages = Effect.gen(function* () {
      for (;;) {
        const next = due.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY)
        const now = yield* Clock.currentTimeMillis
        if (next > now) {
          if (next === Number.POSITIVE_INFINITY) yield* Queue.take(wake)
          else yield* Effect.timeoutOption(Queue.take(wake), next - now)
          continue
        }
        const ripe = due.filter(({ at }) => at <= now)
        due.splice(0, due.length, ...due.filter(({ at }) => at > now))
        for (const { containerId } of ripe) finish(containerId, 0, now)
      }
    })
    yield* Effect.forkScoped(runStages)

    const runtime: ContainerRuntime = {
      name: "simulated",
      simulated: true,
      version: Effect.succeed("simulated://0.1.0"),
      notReady: Effect.succeed(undefined),
      runSandbox: (spec) =>
        Effect.gen(function* () {
          const now = yield* Clock.currentTimeMillis
          const ip = spec.share.network ? undefined : addresses.take()
          if (ip === undefined && !spec.share.network) {
            const message = `no address left in ${options.podCidr}`
            return yield* new RuntimeError({ operation: "RunPodSandbox", code: "ResourceExhausted", message })
          }
          const id = randomBytes(32).toString("hex")
          sandboxes.set(id, {
            id,
            podUid: spec.uid,
            podName: spec.name,
            podNamespace: spec.namespace,
            attempt: spec.attempt,
            ready: true,
            createdAt: now,
            ips: ip === undefined ? [] : [ip]
          })
          podOf(spec.uid).sandboxes.push(id)
          return id
        }),
      stopSandbox: (id) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const sandbox = sandboxes.get(id)
          if (sandbox === undefined || !sandbox.ready) return
          for (const container of read(sandbox.podUid).containers) if (container.sandboxId === id) finish(container.id, 0, now)
          sandboxes.set(id, { ...sandbox, ready: false, ips: [] })
          for (const ip of sandbox.ips) addresses.give(ip)
          changed(sandbox.podUid)
        }),
      removeSandbox: (id) =>
        Effect.sync(() => {
          const sandbox = sandboxes.get(id)
          if (sandbox === undefined) return
          for (const ip of sandbox.ips) addresses.give(ip)
          sandboxes.delete(id)
          const pod = podOf(sandbox.podUid)
          pod.sandboxes = pod.sandboxes.filter((other) => other !== id)
          forgetEmpty(sandbox.podUid)
        }),
      createContainer: (sandboxId, spec) =>
        Effect.gen(function* () {
          const now = yield* Clock.currentTimeMillis
          const sandbox = sandboxes.get(sandboxId)
          if (sandbox === undefined) return yield* notFound("CreateContainer", "sandbox", sandboxId)
          const id = randomBytes(32).toString("hex")
          containers.set(id, {
            id,
            sandboxId,
            podUid: sandbox.podUid,
            name: spec.name,
            attempt: spec.attempt,
            state: "created",
            createdAt: now,
            startedAt: 0,
            finishedAt: 0,
            exitCode: 0,
            reason: "",
            message: "",
            image: fullName(spec.image),
            imageId: digestName(spec.image),
            logPath: "",
            annotations: spec.annotations
          })
          podOf(sandbox.podUid).containers.push(id)
          if (spec.ends !== "never") ending.set(id, spec.ends === "init" ? stages.initMs : stages.runMs)
          return id
        }),
      startContainer: (id) =>
        Effect.gen(function* () {
          const now = yield* Clock.currentTimeMillis
          const container = containers.get(id)
          if (container === undefined) return yield* notFound("StartContainer", "container", id)
          containers.set(id, { ...container, state: "running", startedAt: now })
          const lasts = ending.get(id)
          if (lasts !== undefined) schedule({ at: now + lasts, containerId: id })
        }),
      stopContainer: (id) => Effect.map(Clock.currentTimeMillis, (now) => finish(id, 0, now)),
      removeContainer: (id) =>
        Effect.sync(() => {
          const container = containers.get(id)
          if (container === undefined) return
          containers.delete(id)
          ending.delete(id)
          const pod = podOf(container.podUid)
          pod.containers = pod.containers.filter((other) => other !== id)
          forgetEmpty(container.podUid)
        }),
      pods: Effect.sync(() =>
        [...byPod.keys()].map((uid) => {
          const pod = read(uid)
          const sandbox = pod.sandboxes[0]
          const states = [
            ...pod.sandboxes.map(({ id, ready }) => `${id}:${ready}`),
            ...pod.containers.map(({ id, state }) => `${id}:${state}`)
          ]
          return { uid, name: sandbox?.podName ?? "", namespace: sandbox?.podNamespace ?? "", fingerprint: states.join(" ") }
        })
      ),
      pod: (uid) => Effect.sync(() => read(uid)),
      subscribe: (listener) => {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
      image: (image) => Effect.sync(() => images.get(fullName(image))),
      images: Effect.sync(() => [...images.values()]),
      pullImage: (image) =>
        Effect.sync(() => {
          const name = fullName(image)
          images.set(name, { id: digestName(image), tags: [name], digests: [digestName(image)], sizeBytes: 1_000_000 })
          return digestName(image)
        }),
      removeImage: (image) => Effect.sync(() => void images.delete(fullName(image))),
      execute: () => Effect.succeed({ stdout: new Uint8Array(), stderr: new Uint8Array(), exitCode: 0 }),
      stream: () =>
        Effect.succeed({
          answer: {
            stdout: new Uint8Array(),
            stderr: new TextEncoder().encode(`node "${options.nodeName}" is simulated: no process runs in this container\n`),
            exitCode: 1
          }
        }),
      portForward: () => Effect.fail(unsupported("PortForward", options.nodeName)),
      logs: async function* (container, { timestamps }) {
        const text = `node "${options.nodeName}" is simulated: container "${container.name}" does not run and writes no log`
        const line = parseLogLine(new TextEncoder().encode(formatLogLine(container.startedAt, "stdout", text).trimEnd()))
        if (line !== undefined) yield printLogLine(line, timestamps)
      },
      reopenLog: () => Effect.void,
      stats: Effect.succeed([]),
      adopt: (pod) => {
        for (const sandbox of pod.sandboxes.toReversed()) {
          sandboxes.set(sandbox.id, sandbox)
          podOf(pod.uid).sandboxes.push(sandbox.id)
          for (const ip of sandbox.ips) addresses.hold(ip)
        }
        for (const container of pod.containers.toReversed()) {
          containers.set(container.id, container)
          podOf(pod.uid).containers.push(container.id)
          if (container.state === "running" && container.ends !== "never") {
            schedule({
              at: container.startedAt + (container.ends === "init" ? stages.initMs : stages.runMs),
              containerId: container.id
            })
          }
        }
      }
    }
    return runtime
  })

/** A layer of `makeSimulated`. */
export const layerSimulated = (options: SimulatedOptions): Layer.Layer<ContainerRuntime> =>
  Layer.effect(ContainerRuntime, makeSimulated(options))

const notFound = (operation: string, what: string, id: string): RuntimeError =>
  new RuntimeError({ operation, code: "NotFound", message: `${what} "${id}" not found` })

const unsupported = (operation: string, nodeName: string): RuntimeError =>
  new RuntimeError({ operation, code: "Unimplemented", message: `node "${nodeName}" is simulated` })

/** `nginx` is `docker.io/library/nginx:latest`, as containerd names it. */
const fullName = (image: string): string => {
  const [first = "", ...rest] = image.split("/")
  const hasHost = rest.length > 0 && (first.includes(".") || first.includes(":") || first === "localhost")
  const path = hasHost ? image : rest.length > 0 ? `docker.io/${image}` : `docker.io/library/${image}`
  const last = path.split("/").at(-1) ?? ""
  return last.includes(":") || last.includes("@") ? path : `${path}:latest`
}

/** A plausible image id: the name without its tag, and a digest that is always the same for the same image. */
const digestName = (image: string): string => {
  const name = fullName(image)
  if (name.includes("@")) return name
  return `${name.replace(/:[^:/]*$/, "")}@sha256:${createHash("sha256").update(name).digest("hex")}`
}

interface Addresses {
  readonly take: () => string | undefined
  readonly give: (ip: string) => void
  readonly hold: (ip: string) => void
}

/** Hands out the addresses of a network in turn, so that a freed one is not used again at once. */
const makeAddresses = (cidr: string): Addresses => {
  const network = parseNetwork(cidr)
  if (network === undefined) throw new Error(`not an IPv4 network: ${cidr}`)
  // The network's own address, the gateway's and the broadcast address are nobody's.
  const first = network.first + 2
  const count = Math.max(1, 2 ** (32 - network.prefixLength) - 3)
  const used = new Set<string>()
  let next = 0
  return {
    take: () => {
      for (let tries = 0; tries < count; tries++) {
        const ip = formatIpv4(first + next)
        next = (next + 1) % count
        if (used.has(ip)) continue
        used.add(ip)
        return ip
      }
      return undefined
    },
    give: (ip) => void used.delete(ip),
    hold: (ip) => void used.add(ip)
  }
}
