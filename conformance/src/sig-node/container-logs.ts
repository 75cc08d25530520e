/** What containers say: logs, commands run in them, containers added to a running pod, last words. @module */
import { type Container, type Pod, pods } from "@tsukube/api/core-v1"
import { awaitReady } from "../pods.ts"
import { awaitLog, ended, shellContainer, shellPod } from "../shell-pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectThat, present } from "../suite.ts"
import { openWebSocket } from "../websocket.ts"

const printed: ConformanceTest = {
  name: "[sig-node] Kubelet when scheduling a busybox command in a pod should print the output to logs",
  run: async (cluster) => {
    const { client } = cluster
    await client.create(pods, shellPod(cluster, "prints", shellContainer("echo 'Hello World'; sleep 240")))
    expectEqual(await awaitLog(cluster, "prints", "Hello World\n"), "Hello World\n", "the log")
  }
}

const reason: ConformanceTest = {
  name: "[sig-node] Kubelet when scheduling a busybox command that always fails in a pod should have an terminated reason",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const pod = shellPod(cluster, "bin-false", shellContainer("", { command: ["/bin/false"] }), { restartPolicy: "Always" })
    await client.create(pods, pod)
    await eventually("a terminated container with a reason", async () => {
      const { status } = await client.get(pods, { namespace, name: "bin-false" })
      const { state, lastState } = present(status?.containerStatuses?.[0], "the container's status")
      const over = state?.terminated ?? lastState?.terminated
      return over !== undefined && over.exitCode === 1 && (over.reason ?? "") !== ""
    })
  }
}

const logSocket: ConformanceTest = {
  name: "[sig-node] Pods should support retrieving logs from the container over websockets",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    await client.create(pods, shellPod(cluster, "logs-socket", shellContainer("echo container is alive; sleep 10000")))
    await awaitReady(cluster, "logs-socket")
    await eventually("the line in a log that came by WebSocket", async () => {
      const path = `/api/v1/namespaces/${namespace}/pods/logs-socket/log?container=main`
      const messages = await openWebSocket(cluster, path, ["binary.k8s.io"], ({ text }) => text.includes("alive\n"))
      return messages.map(({ text }) => text).join("") === "container is alive\n"
    })
  }
}

const execSocket: ConformanceTest = {
  name: "[sig-node] Pods should support remote command execution over websockets",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    await client.create(pods, shellPod(cluster, "exec-socket", shellContainer("echo container is alive; sleep 600")))
    await awaitReady(cluster, "exec-socket")
    const query = new URLSearchParams({ stdout: "1", stderr: "1", container: "main" })
    for (const word of ["echo", "remote execution test"]) query.append("command", word)
    const path = `/api/v1/namespaces/${namespace}/pods/exec-socket/exec?${query}`
    await eventually("the command's output by WebSocket", async () => {
      const messages = await openWebSocket(cluster, path, ["channel.k8s.io"], ({ text }) => text.includes("test\n"))
      const output = messages.filter(({ text }) => text.length > 1)
      expectThat(
        output.every(({ text }) => text.startsWith("\u0001")),
        `everything came on the channel of stdout: ${JSON.stringify(output)}`
      )
      return output.map(({ text }) => text.slice(1)).join("") === "remote execution test\n"
    })
  }
}

const ephemeral: ConformanceTest = {
  name: "[sig-node] Ephemeral Containers will start an ephemeral container in an existing pod",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const name = "with-debugger"
    await client.create(pods, shellPod(cluster, name, shellContainer("sleep 10000"), { restartPolicy: "Always" }))
    await awaitReady(cluster, name)
    const debuggers = [
      {
        ...shellContainer("while true; do echo polo; sleep 2; done"),
        name: "debugger",
        stdin: true,
        tty: true,
        terminationMessagePolicy: "File"
      }
    ]
    const body = { spec: { ephemeralContainers: debuggers } }
    await client.patch(pods, { namespace, name }, { type: "strategic", body }, { subresource: "ephemeralcontainers" })
    await eventually("the debugger runs", async () => {
      const { status } = await client.get(pods, { namespace, name })
      return status?.ephemeralContainerStatuses?.find((one) => one.name === "debugger")?.state?.running !== undefined
    })
    await awaitLog(cluster, name, "polo", "?container=debugger")
    const { spec } = await client.get(pods, { namespace, name })
    expectEqual(
      spec?.ephemeralContainers?.map((one) => one.name),
      ["debugger"],
      "the ephemeral containers of the pod"
    )
  }
}

const lastWords = (
  name: string,
  script: string,
  more: Partial<Container>,
  phase: "Succeeded" | "Failed",
  message: string | undefined
): ConformanceTest => ({
  name: `[sig-node] Container Runtime blackbox test on terminated container should report termination message ${name}`,
  run: async (cluster: Cluster) => {
    await cluster.client.create(pods, shellPod(cluster, "last-words", shellContainer(script, more)))
    const pod: Pod = await ended(cluster, "last-words", phase)
    const over = present(pod.status?.containerStatuses?.[0]?.state?.terminated, "the terminated state")
    expectEqual(over.message, message, "the termination message")
  }
})

const fallback = { terminationMessagePath: "/dev/termination-log", terminationMessagePolicy: "FallbackToLogsOnError" } as const

const lastWordsTests: ReadonlyArray<ConformanceTest> = [
  lastWords(
    "from log output if TerminationMessagePolicy FallbackToLogsOnError is set",
    "echo -n DONE; /bin/false",
    fallback,
    "Failed",
    "DONE"
  ),
  lastWords(
    "as empty when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set",
    "echo -n DONE; /bin/true",
    fallback,
    "Succeeded",
    undefined
  ),
  lastWords(
    "from file when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set",
    "echo -n OK > /dev/termination-log; echo DONE; /bin/true",
    fallback,
    "Succeeded",
    "OK"
  ),
  lastWords(
    "if TerminationMessagePath is set as non-root user and at a non-default path",
    "echo -n DONE > /dev/termination-custom-log",
    { terminationMessagePath: "/dev/termination-custom-log", securityContext: { runAsUser: 65534 } },
    "Succeeded",
    "DONE"
  )
]

const initThatFails = { ...shellContainer(""), name: "init1", command: ["/bin/false"] }
const secondInit = { ...shellContainer(""), name: "init2", command: ["/bin/true"] }

const initNever: ConformanceTest = {
  name: "[sig-node] InitContainer should not start app containers and fail the pod if init containers fail on a RestartNever pod",
  run: async (cluster) => {
    const initContainers = [
      { ...secondInit, name: "init1" },
      { ...initThatFails, name: "init2" }
    ]
    await cluster.client.create(pods, shellPod(cluster, "init-fails", shellContainer("true"), { initContainers }))
    const { status } = await ended(cluster, "init-fails", "Failed")
    const [first, second] = status?.initContainerStatuses ?? []
    expectEqual(
      [first?.state?.terminated?.exitCode, second?.state?.terminated?.exitCode],
      [0, 1],
      "how the init containers ended"
    )
    const app = present(status?.containerStatuses?.[0], "the status of the app container")
    expectThat(app.state?.waiting !== undefined && app.ready === false, `the app container waits: ${JSON.stringify(app)}`)
    const initialized = status?.conditions?.find(({ type }) => type === "Initialized")
    expectEqual([initialized?.status, initialized?.reason], ["False", "ContainersNotInitialized"], "the Initialized condition")
  }
}

const initAlways: ConformanceTest = {
  name: "[sig-node] InitContainer should not start app containers if init containers fail on a RestartAlways pod",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const more = { initContainers: [initThatFails, secondInit], restartPolicy: "Always" } as const
    await client.create(pods, shellPod(cluster, "init-again", shellContainer("sleep 1000"), more))
    const status = await eventually(
      "the failing init container was restarted twice",
      async () => {
        const { status } = await client.get(pods, { namespace, name: "init-again" })
        return (status?.initContainerStatuses?.[0]?.restartCount ?? 0) >= 2 && status
      },
      180_000
    )
    expectEqual(status?.phase, "Pending", "the phase")
    expectThat(status?.initContainerStatuses?.[1]?.state?.waiting !== undefined, "the second init container waits")
    expectThat(status?.containerStatuses?.[0]?.state?.waiting !== undefined, "the app container waits")
  }
}

/** All of them. */
export const containerLogTests: ReadonlyArray<ConformanceTest> = [
  printed,
  reason,
  logSocket,
  execSocket,
  ephemeral,
  ...lastWordsTests,
  initNever,
  initAlways
]
