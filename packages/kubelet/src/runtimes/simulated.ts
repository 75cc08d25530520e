/** A container runtime without processes: pods pass through a table of stages by the clock, and a few commands are simulated. @module */
import { createHash, randomBytes } from "node:crypto"
import { formatIpv4, parseNetwork } from "@tsukube/host"
import { Clock, Duration, Effect, Layer, Queue, type Scope } from "effect"
import {
  annotationKeys,
  ContainerRuntime,
  type ContainerSpec,
  type RuntimeContainer,
  RuntimeError,
  type RuntimeImage,
  type RuntimePod,
  type RuntimeSandbox,
  type SandboxSpec
} from "../runtime.ts"
import { makeSimulatedContainer, type SimulatedContainer } from "../simulated/container.ts"
import { type PageFacts, pageOf, portServer } from "../simulated/ports.ts"
import { Interrupted, joined } from "../simulated/process.ts"

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

/** What SIGTERM makes of a process that does not mind it. */
const terminated = 143

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
    /** Hosts and ports of sandboxes, and what is inside of containers; those that were adopted get theirs when it is asked for. */
    const specs = new Map<string, SandboxSpec>()
    const insides = new Map<string, SimulatedContainer>()
    const ports = new Map<string, ReadonlyArray<number>>()
    const clock = yield* Clock.Clock
    const now = (): number => clock.currentTimeMillisUnsafe()
    const sleep = (milliseconds: number, signal: AbortSignal): Promise<void> =>
      Effect.runPromise(clock.sleep(Duration.millis(milliseconds)), { signal }).catch(() => Promise.reject(new Interrupted()))
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
      const { annotations } = container
      const message = insides
        .get(id)
        ?.lastWords(
          annotations[annotationKeys.terminationMessagePath] ?? "",
          exitCode !== 0 && annotations[annotationKeys.terminationMessagePolicy] === "FallbackToLogsOnError"
        )
      containers.set(id, { ...container, state: "exited", exitCode, startedAt, finishedAt: at, message: message ?? "" })
      insides.get(id)?.stop()
      changed(container.podUid)
    }
    const insideOf = ({ id, name, sandboxId }: RuntimeContainer, spec?: ContainerSpec): SimulatedContainer => {
      const known = insides.get(id)
      if (known !== undefined) return known
      const sandbox = sandboxes.get(sandboxId)
      const { hostname = sandbox?.podName ?? "", dns } = specs.get(sandboxId) ?? {}
      const inside = makeSimulatedContainer({
        nodeName: options.nodeName,
        sandbox: { hostname, ips: sandbox?.ips ?? [], ...(dns === undefined ? {} : { dns }) },
        spec: spec ?? {
          name,
          command: [],
          args: [],
          environment: [],
          workingDir: "",
          stdin: false,
          stdinOnce: false,
          tty: false
        },
        now,
        sleep
      })
      insides.set(id, inside)
      if (spec === undefined) void inside.start()
      return inside
    }
    /** Undefined when no running container of the sandbox declares the port. */
    const pageFactsOf = (sandboxId: string, port: number): PageFacts | undefined => {
      const sandbox = sandboxes.get(sandboxId)
      if (sandbox === undefined) return undefined
      const { containers } = read(sandbox.podUid)
      const listens = containers.some(
        ({ id, state, ...container }) =>
          container.sandboxId === sandboxId && state === "running" && ports.get(id)?.includes(port) === true
      )
      return listens ? { namespace: sandbox.podNamespace, pod: sandbox.podName, node: options.nodeName, port } : undefined
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
          specs.set(id, spec)
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
          specs.delete(id)
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
          const container: RuntimeContainer = {
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
          }
          containers.set(id, container)
          insideOf(container, spec)
          if (spec.ports.length > 0) ports.set(id, spec.ports)
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
          const ended = insideOf(container).start()
          void ended?.then((code) => finish(id, code, clock.currentTimeMillisUnsafe()))
          const lasts = ending.get(id)
          if (lasts !== undefined && ended === undefined) schedule({ at: now + lasts, containerId: id })
        }),
      // Whatever runs ends at once, as by the signal.
      stopContainer: (id) => Effect.sync(() => finish(id, insides.get(id)?.runs() === true ? terminated : 0, now())),
      removeContainer: (id) =>
        Effect.sync(() => {
          const container = containers.get(id)
          if (container === undefined) return
          insides.get(id)?.stop()
          containers.delete(id)
          ending.delete(id)
          insides.delete(id)
          ports.delete(id)
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
      execute: (id, command) =>
        Effect.gen(function* () {
          const container = containers.get(id)
          if (container === undefined) return yield* notFound("ExecSync", "container", id)
          const output: { stdout: Array<Uint8Array>; stderr: Array<Uint8Array> } = { stdout: [], stderr: [] }
          const into = (name: "stdout" | "stderr") => async (bytes: Uint8Array) => void output[name].push(bytes.slice())
          const request = { stdin: false, stdout: true, stderr: true, tty: false }
          const exitCode = yield* Effect.promise((signal) =>
            insideOf(container).exec(
              command,
              request
            )({
              stdin: noInput(),
              stdout: into("stdout"),
              stderr: into("stderr"),
              onResize: () => undefined,
              signal
            })
          )
          return { stdout: joined(output.stdout), stderr: joined(output.stderr), exitCode }
        }),
      stream: (id, request) =>
        Effect.gen(function* () {
          const container = containers.get(id)
          if (container === undefined) return yield* notFound("Exec", "container", id)
          const inside = insideOf(container)
          return { program: request.command === undefined ? inside.attach(request) : inside.exec(request.command, request) }
        }),
      portForward: (id) =>
        sandboxes.has(id)
          ? Effect.succeed({
              serverOf: (port) => {
                const facts = pageFactsOf(id, port)
                return facts === undefined ? undefined : portServer(facts)
              }
            })
          : Effect.fail(notFound("PortForward", "sandbox", id)),
      pageAt: (id, port, request) => {
        const facts = pageFactsOf(id, port)
        return facts === undefined ? undefined : pageOf(facts, request)
      },
      logs: (container, wanted, ended) => insideOf(container).logs(wanted, ended),
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
          if (container.ports.length > 0) ports.set(container.id, container.ports)
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

async function* noInput(): AsyncGenerator<Uint8Array> {}

/** A layer of `makeSimulated`. */
export const layerSimulated = (options: SimulatedOptions): Layer.Layer<ContainerRuntime> =>
  Layer.effect(ContainerRuntime, makeSimulated(options))

const notFound = (operation: string, what: string, id: string): RuntimeError =>
  new RuntimeError({ operation, code: "NotFound", message: `${what} "${id}" not found` })

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
