import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { configmaps, events, type Pod, pods, secrets, serviceaccounts } from "@tsukube/api/core-v1"
import type { Client } from "@tsukube/client"
import { eventually } from "@tsukube/testing"
import { Effect, Exit, Scope } from "effect"
import { rotateLogs } from "./log-rotation.ts"
import { boundPod, startApi } from "./testing/api.ts"
import { canRunContainers, makeTestNode, nodeName, type TestNode } from "./testing/node.ts"
import { runtimeContract } from "./testing/runtime-contract.ts"

setDefaultTimeout(60_000)

const sh = (script: string) => ["sh", "-c", script]
const image = "docker.io/library/busybox:1.36"

describe.skipIf(!canRunContainers("kubelet on containerd"))("a kubelet on a real containerd", () => {
  let scope: Scope.Closeable
  let client: Client
  let node: TestNode

  beforeAll(async () => {
    scope = Scope.makeUnsafe()
    client = await Effect.runPromise(Scope.provide(startApi(), scope))
    node = await Effect.runPromise(Scope.provide(makeTestNode(), scope))
    await node.startKubelet(client)
  })
  afterAll(async () => {
    await Effect.runPromise(Scope.close(scope, Exit.void))
    const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n")
    expect(mounts.filter((line) => line.includes(node.dir))).toEqual([])
    expect(existsSync(node.dir)).toBe(false)
  })

  const create = (name: string, spec: Partial<NonNullable<Pod["spec"]>>) =>
    Effect.runPromise(client.create(pods, boundPod(name, nodeName, { terminationGracePeriodSeconds: 1, ...spec })))
  const get = (name: string) => Effect.runPromise(client.get(pods, { namespace: "default", name }))
  const until = (name: string, what: string, test: (pod: Pod) => boolean, withinMs = 20_000) =>
    eventually(
      async () => {
        const pod = await get(name)
        return test(pod) && pod
      },
      { what: `${name} ${what}`, withinMs, everyMs: 50 }
    )
  const isReady = (pod: Pod) => pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true
  const remove = async (name: string, gracePeriodSeconds?: number) => {
    await Effect.runPromise(
      client.delete(pods, { namespace: "default", name }, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds })
    )
    await eventually(
      async () => !(await Effect.runPromise(client.list(pods))).items.some(({ metadata }) => metadata?.name === name),
      {
        what: `${name} deleted`
      }
    )
  }
  const eventsOf = async (name: string) =>
    (await Effect.runPromise(client.list(events, { namespace: "default" }))).items.filter(
      ({ involvedObject }) => involvedObject.name === name
    )
  const run = (name: string, script: string, stdin?: string, container = "main") => {
    const command = sh(script)
      .map((word) => `command=${encodeURIComponent(word)}`)
      .join("&")
    const input = stdin === undefined ? "" : "&input=1"
    return node.exec(
      `/exec/default/${name}/${container}?${command}&output=1&error=1${input}`,
      stdin === undefined ? {} : { stdin }
    )
  }

  runtimeContract("containerd", () => ({ runtime: node.runtime, logDir: `${node.dir}/contract` }))

  test("volumes, environment and identity are what the pod asks for", async () => {
    await Effect.runPromise(
      client.create(configmaps, { metadata: { name: "settings", namespace: "default" }, data: { mode: "fast", other: "x" } })
    )
    await Effect.runPromise(
      client.create(secrets, {
        metadata: { name: "login", namespace: "default" },
        data: { password: Buffer.from("hunter2").toString("base64") }
      })
    )
    await Effect.runPromise(client.create(serviceaccounts, { metadata: { name: "runner", namespace: "default" } }))
    await create("full", {
      serviceAccountName: "runner",
      securityContext: { runAsUser: 1000, fsGroup: 2000 },
      volumes: [
        { name: "scratch", emptyDir: {} },
        { name: "memory", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
        { name: "settings", configMap: { name: "settings", items: [{ key: "mode", path: "sub/mode.txt", mode: 0o400 }] } },
        { name: "login", secret: { secretName: "login" } },
        {
          name: "token",
          projected: {
            sources: [
              { serviceAccountToken: { path: "token", expirationSeconds: 3600 } },
              { downwardAPI: { items: [{ path: "name", fieldRef: { fieldPath: "metadata.name" } }] } }
            ]
          }
        }
      ],
      containers: [
        {
          name: "main",
          image,
          command: sh("echo started as $(id -u); sleep 3600"),
          env: [
            { name: "MODE", valueFrom: { configMapKeyRef: { name: "settings", key: "mode" } } },
            { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
            { name: "GREETING", value: "mode is $(MODE)" },
            { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } } }
          ],
          resources: { limits: { cpu: "250m", memory: "64Mi" }, requests: { cpu: "100m", memory: "32Mi" } },
          volumeMounts: [
            { name: "scratch", mountPath: "/scratch" },
            { name: "memory", mountPath: "/memory" },
            { name: "settings", mountPath: "/settings" },
            { name: "login", mountPath: "/password", subPath: "password", readOnly: true },
            { name: "token", mountPath: "/token" }
          ]
        }
      ]
    })
    const pod = await until("full", "ready", isReady)
    expect(pod.status?.podIP).toStartWith("10.231.9.")
    expect(pod.status?.containerStatuses?.[0]?.containerID).toStartWith("containerd://")
    const script = `cat /settings/sub/mode.txt; echo; cat /password; echo; cat /token/name; echo; head -c 3 /token/token; echo;
      echo $GREETING $POD_IP $CPU; hostname; id -G; touch /scratch/a && stat -c %g /scratch/a; df -k /memory | tail -1 | awk '{ print $1, $2 }'; grep full /etc/hosts | cut -f1; cat /sys/fs/cgroup/memory/memory.limit_in_bytes`
    const { stdout, status } = await run("full", script)
    expect(stdout.trim().split("\n")).toEqual([
      "fast",
      "hunter2",
      "full",
      "eyJ",
      `mode is fast ${pod.status?.podIP} 250`,
      "full",
      "0 2000",
      "2000",
      "tmpfs 1024",
      pod.status?.podIP ?? "",
      String(64 * 1024 * 1024)
    ])
    expect(status.status).toBe("Success")
    expect((await node.get("/containerLogs/default/full/main")).body).toBe("started as 1000\n")
    await remove("full")
    expect(existsSync(`${node.dir}/kubelet/pods/${pod.metadata?.uid}`)).toBe(false)
  })

  test("exec gives both outputs, the exit code and reads standard input to its end", async () => {
    await create("shell", { containers: [{ name: "main", image, command: sh("sleep 3600") }] })
    await until("shell", "ready", isReady)
    const failed = await run("shell", "echo out; echo err >&2; exit 3")
    expect(failed).toMatchObject({ stdout: "out\n", stderr: "err\n", status: { status: "Failure" } })
    expect(failed.status.details?.causes?.[0]?.message).toBe("3")
    const big = "x".repeat(300_000)
    const counted = await run("shell", "wc -c", big)
    expect(counted.stdout.trim()).toBe("300000")
    expect((await run("shell", "head -c 3000000 /dev/zero")).stdout.length).toBe(3_000_000)
    await remove("shell", 0)
  })

  test("an ephemeral container joins the processes of its target", async () => {
    await create("debugged", { containers: [{ name: "main", image, command: ["sleep", "4321"] }] })
    await until("debugged", "ready", isReady)
    const ephemeralContainers = [{ name: "debug", image, targetContainerName: "main", command: sh("ps; sleep 3600") }]
    await Effect.runPromise(
      client.patch(
        pods,
        { namespace: "default", name: "debugged" },
        { type: "strategic", body: { spec: { ephemeralContainers } } },
        { subresource: "ephemeralcontainers" }
      )
    )
    await until(
      "debugged",
      "debug running",
      ({ status }) => status?.ephemeralContainerStatuses?.[0]?.state?.running !== undefined
    )
    await eventually(async () => (await node.get("/containerLogs/default/debugged/debug")).body.includes("sleep 4321"))
    expect(isReady(await get("debugged"))).toBe(true)
    await remove("debugged", 0)
  })

  test("a container that fails is started again with a growing back-off, and its last log can be read", async () => {
    await create("crash", {
      containers: [{ name: "main", image, command: sh("echo try; echo why > /dev/termination-log; exit 7") }]
    })
    const pod = await until(
      "crash",
      "in back-off",
      ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === "CrashLoopBackOff"
    )
    const status = pod.status?.containerStatuses?.[0]
    expect(pod.status?.phase).toBe("Running")
    expect(status?.state?.waiting?.message).toStartWith("back-off 10s restarting failed container=main pod=crash_default(")
    expect(status?.lastState?.terminated).toMatchObject({ exitCode: 7, reason: "Error", message: "why\n" })
    expect((await node.get("/containerLogs/default/crash/main?previous=true")).body).toBe("try\n")
    const again = await until(
      "crash",
      "restarted twice",
      (found) => (found.status?.containerStatuses?.[0]?.restartCount ?? 0) >= 2
    )
    expect(again.status?.containerStatuses?.[0]?.restartCount).toBe(2)
    const reasons = (await eventsOf("crash")).map(({ reason }) => reason)
    expect(reasons).toEqual(expect.arrayContaining(["Pulled", "Created", "Started", "BackOff"]))
    await remove("crash", 0)
  })

  test("init containers run in order, a sidecar stays, and the pod succeeds when its container ends", async () => {
    const say = (word: string) => sh(`echo ${word} >> /shared/log`)
    const volumeMounts = [{ name: "shared", mountPath: "/shared" }]
    await create("stages", {
      restartPolicy: "Never",
      volumes: [{ name: "shared", emptyDir: {} }],
      initContainers: [
        { name: "first", image, command: say("first"), volumeMounts },
        {
          name: "beside",
          image,
          command: sh("echo beside >> /shared/log; trap 'exit 0' TERM; sleep 3600 & wait"),
          restartPolicy: "Always",
          volumeMounts
        },
        { name: "second", image, command: sh("sleep 0.3; echo second >> /shared/log"), volumeMounts }
      ],
      containers: [{ name: "main", image, command: sh("cat /shared/log"), volumeMounts }]
    })
    const pod = await until("stages", "succeeded", ({ status }) => status?.phase === "Succeeded")
    expect((await node.get("/containerLogs/default/stages/main")).body).toBe("first\nbeside\nsecond\n")
    expect(pod.status?.initContainerStatuses?.map(({ state }) => state?.terminated?.exitCode)).toEqual([0, 0, 0])
    await remove("stages")
  })

  test("probes: not ready until the file is there, restarted when it goes", async () => {
    const exec = { command: ["cat", "/tmp/ok"] }
    await create("probed", {
      containers: [
        {
          name: "main",
          image,
          command: sh("httpd -p 80 -h /www; echo hi > /www/index.html; sleep 3600"),
          startupProbe: { httpGet: { path: "/", port: 80 }, periodSeconds: 1 },
          readinessProbe: { exec, periodSeconds: 1 },
          livenessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1, failureThreshold: 1 }
        }
      ]
    })
    const running = await until("probed", "started", ({ status }) => status?.containerStatuses?.[0]?.started === true)
    expect(isReady(running)).toBe(false)
    await run("probed", "touch /tmp/ok")
    await until("probed", "ready", isReady)
    await run("probed", "killall httpd || kill $(pidof httpd) || true")
    const restarted = await until("probed", "restarted", ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1)
    expect(restarted.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode).not.toBe(0)
    const messages = (await eventsOf("probed")).map(({ message }) => message)
    expect(messages).toContain("Container main failed liveness probe, will be restarted")
    await remove("probed", 0)
  })

  test("a container over its memory limit is killed for it", async () => {
    await create("greedy", {
      restartPolicy: "Never",
      containers: [
        {
          name: "main",
          image,
          command: ["tail", "/dev/zero"],
          resources: { limits: { memory: "16Mi" } }
        }
      ]
    })
    const pod = await until("greedy", "failed", ({ status }) => status?.phase === "Failed")
    expect(pod.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({ reason: "OOMKilled", exitCode: 137 })
    await remove("greedy", 0)
  })

  test("an image that cannot be had keeps the pod waiting, with upstream's reasons", async () => {
    await create("imageless", { containers: [{ name: "main", image: "registry.invalid/nothing:1", imagePullPolicy: "Never" }] })
    const pod = await until(
      "imageless",
      "waiting",
      ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === "ErrImageNeverPull"
    )
    expect(pod.status?.phase).toBe("Pending")
    await remove("imageless", 0)
  })

  test("deleting gives the process its grace period and runs preStop first", async () => {
    await create("graceful", {
      terminationGracePeriodSeconds: 20,
      volumes: [{ name: "out", hostPath: { path: `${node.dir}/out`, type: "DirectoryOrCreate" } }],
      containers: [
        {
          name: "main",
          image,
          command: sh("trap 'echo term >> /out/log; exit 0' TERM; touch /out/up; while :; do sleep 0.1; done"),
          lifecycle: { preStop: { exec: { command: sh("echo stop >> /out/log") } } },
          volumeMounts: [{ name: "out", mountPath: "/out" }]
        }
      ]
    })
    await until("graceful", "ready", isReady)
    await eventually(() => existsSync(`${node.dir}/out/up`))
    const began = performance.now()
    await remove("graceful")
    expect(readFileSync(`${node.dir}/out/log`, "utf8")).toBe("stop\nterm\n")
    expect(performance.now() - began).toBeLessThan(10_000)
  })

  test("a log that has grown is put aside, and following goes on in the new one", async () => {
    await create("chatty", {
      containers: [{ name: "main", image, command: sh("i=0; while :; do i=$((i+1)); echo line $i; sleep 0.01; done") }]
    })
    const pod = await until("chatty", "ready", isReady)
    const logDir = `${node.dir}/kubelet/logs`
    const folder = `${logDir}/default_chatty_${pod.metadata?.uid}/main`
    let text = ""
    const [log] = (await Effect.runPromise(node.runtime.pod(pod.metadata?.uid ?? ""))).containers
    let over = false
    const reading = (async () => {
      for await (const bytes of node.runtime.logs(log!, { follow: true, timestamps: false }, async () => over))
        text += new TextDecoder().decode(bytes)
    })()
    for (let round = 0; round < 3; round++) {
      const before = text.length
      await eventually(() => text.length > before + 200)
      await Effect.runPromise(rotateLogs(node.runtime, logDir, { sizeBytes: 100, files: 2 }))
    }
    await eventually(() => text.split("\n").length > 100)
    over = true
    await reading
    expect(readdirSync(folder)).toHaveLength(2)
    const numbers = text
      .trim()
      .split("\n")
      .map((line) => Number(line.split(" ")[1]))
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
    await remove("chatty", 0)
  })

  test("containers survive a restart of the kubelet and are not made anew", async () => {
    await create("steady", { containers: [{ name: "main", image, command: sh("sleep 3600") }] })
    const before = await until("steady", "ready", isReady)
    await create("orphan", { containers: [{ name: "main", image, command: sh("sleep 3600") }] })
    const orphan = await until("orphan", "ready", isReady)
    await node.stopKubelet()
    await Effect.runPromise(client.delete(pods, { namespace: "default", name: "orphan" }, { gracePeriodSeconds: 0 }))
    await node.startKubelet(client)
    await create("later", { containers: [{ name: "main", image, command: sh("sleep 3600") }] })
    await until("later", "ready", isReady)
    const after = await get("steady")
    expect(after.status?.containerStatuses?.[0]?.containerID).toBe(before.status?.containerStatuses?.[0]?.containerID ?? "")
    expect(after.status?.containerStatuses?.[0]?.restartCount).toBe(0)
    expect(isReady(after)).toBe(true)
    expect(existsSync(`${node.dir}/kubelet/pods/${orphan.metadata?.uid}`)).toBe(false)
    await remove("steady", 0)
    await remove("later", 0)
  })
})
