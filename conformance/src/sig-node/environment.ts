/** What a container finds in its environment: ConfigMaps, Secrets, the pod's own fields, and values made of other values. @module */
import { type Container, configmaps, type EnvVar, type PodSpec, pods, secrets } from "@tsukube/api/core-v1"
import { outputOf, shellContainer, shellPod } from "../shell-pods.ts"
import { type Cluster, type ConformanceTest, expectThat } from "../suite.ts"

/** Runs the container and looks for the lines in what it printed. */
const expectLines = async (
  cluster: Cluster,
  container: Container,
  wanted: ReadonlyArray<string | RegExp>,
  more: Partial<PodSpec> = {}
): Promise<void> => {
  const output = await outputOf(cluster, shellPod(cluster, cluster.unique("pod"), container, more))
  const lines = output.split("\n")
  for (const line of wanted) {
    const there = typeof line === "string" ? lines.includes(line) : lines.some((one) => line.test(one))
    expectThat(there, `${line} is in the output: ${output}`)
  }
}

/** Prints its variables; not by a shell, which would leave out those that are no names of its own. */
const environment = (env: ReadonlyArray<EnvVar>, more: Partial<Container> = {}): Container =>
  shellContainer("", { command: ["env"], env, ...more })

interface Source {
  readonly kind: "ConfigMap" | "Secret"
  readonly names: { readonly one: string; readonly all: string; readonly prefixes: string }
  readonly create: (cluster: Cluster, name: string, data: Readonly<Record<string, string>>) => Promise<unknown>
  readonly key: (name: string, key: string) => EnvVar["valueFrom"]
  readonly all: (name: string) => object
}

const sources: ReadonlyArray<Source> = [
  {
    kind: "ConfigMap",
    names: {
      one: "[sig-node] ConfigMap should be consumable via environment variable",
      all: "[sig-node] ConfigMap should be consumable via the environment",
      prefixes: "[sig-node] ConfigMap should be consumable as environment variable names with various prefixes"
    },
    create: ({ client, namespace }, name, data) => client.create(configmaps, { metadata: { namespace, name }, data }),
    key: (name, key) => ({ configMapKeyRef: { name, key } }),
    all: (name) => ({ configMapRef: { name } })
  },
  {
    kind: "Secret",
    names: {
      one: "[sig-node] Secrets should be consumable from pods in env vars",
      all: "[sig-node] Secrets should be consumable via the environment",
      prefixes: "[sig-node] Secrets should be consumable as environment variable names variable names with various prefixes"
    },
    create: ({ client, namespace }, name, data) =>
      client.create(secrets, {
        metadata: { namespace, name },
        data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, btoa(value)]))
      }),
    key: (name, key) => ({ secretKeyRef: { name, key } }),
    all: (name) => ({ secretRef: { name } })
  }
]

const fromObjects = sources.flatMap(
  ({ names, create, key, all }): ReadonlyArray<ConformanceTest> => [
    {
      name: names.one,
      run: async (cluster) => {
        await create(cluster, "source", { "data-1": "value-1" })
        const valueFrom = key("source", "data-1")
        await expectLines(cluster, environment([{ name: "DATA", ...(valueFrom === undefined ? {} : { valueFrom }) }]), [
          "DATA=value-1"
        ])
      }
    },
    {
      name: names.all,
      run: async (cluster) => {
        await create(cluster, "source", { data_1: "value-1", data_2: "value-2" })
        const envFrom = [all("source"), { ...all("source"), prefix: "p_" }]
        const wanted = ["data_1=value-1", "data_2=value-2", "p_data_1=value-1", "p_data_2=value-2"]
        await expectLines(cluster, environment([], { envFrom }), wanted)
      }
    },
    {
      name: names.prefixes,
      run: async (cluster) => {
        await create(cluster, "source", { data_1: "value-1" })
        // Not a name that a shell could take, but one that a process can have.
        const envFrom = ["", "p-", "p.", "1-"].map((prefix) => ({ ...all("source"), ...(prefix === "" ? {} : { prefix }) }))
        const wanted = ["data_1=value-1", "p-data_1=value-1", "p.data_1=value-1", "1-data_1=value-1"]
        await expectLines(cluster, environment([], { envFrom }), wanted)
      }
    }
  ]
)

const field = (name: string, fieldPath: string): EnvVar => ({ name, valueFrom: { fieldRef: { apiVersion: "v1", fieldPath } } })
const resource = (name: string, of: string): EnvVar => ({ name, valueFrom: { resourceFieldRef: { resource: of } } })

const downward = (
  name: string,
  env: ReadonlyArray<EnvVar>,
  wanted: ReadonlyArray<string | RegExp>,
  more: Partial<Container> = {}
) => ({
  name: `[sig-node] Downward API should provide ${name}`,
  run: (cluster: Cluster) => expectLines(cluster, environment(env, more), wanted)
})

const address = "[0-9a-f.:]+"
const downwardTests: ReadonlyArray<ConformanceTest> = [
  {
    name: "[sig-node] Downward API should provide pod name, namespace and IP address as env vars",
    run: async (cluster) => {
      const name = cluster.unique("downward")
      const env = [field("NAME", "metadata.name"), field("SPACE", "metadata.namespace"), field("IP", "status.podIP")]
      const output = await outputOf(cluster, shellPod(cluster, name, environment(env)))
      for (const line of [`NAME=${name}`, `SPACE=${cluster.namespace}`]) {
        expectThat(output.split("\n").includes(line), `${line} is in the output: ${output}`)
      }
      expectThat(new RegExp(`^IP=${address}$`, "m").test(output), `an address is in the output: ${output}`)
    }
  },
  {
    name: "[sig-node] Downward API should provide pod UID as env vars",
    run: async (cluster) => {
      const name = cluster.unique("downward")
      const output = await outputOf(cluster, shellPod(cluster, name, environment([field("POD_UID", "metadata.uid")])))
      const { metadata } = await cluster.client.get(pods, { namespace: cluster.namespace, name })
      expectThat(output.split("\n").includes(`POD_UID=${metadata?.uid}`), `the pod's uid is in the output: ${output}`)
    }
  },
  downward("host IP as an env var", [field("HOST_IP", "status.hostIP")], [new RegExp(`^HOST_IP=${address}$`)]),
  downward("hostIPs as an env var", [field("HOST_IPS", "status.hostIPs")], [new RegExp(`^HOST_IPS=${address}(,${address})*$`)]),
  downward(
    "container's limits.cpu/memory and requests.cpu/memory as env vars",
    [
      resource("CPU_LIMIT", "limits.cpu"),
      resource("MEMORY_LIMIT", "limits.memory"),
      resource("CPU_REQUEST", "requests.cpu"),
      resource("MEMORY_REQUEST", "requests.memory")
    ],
    ["CPU_LIMIT=2", "MEMORY_LIMIT=67108864", "CPU_REQUEST=1", "MEMORY_REQUEST=33554432"],
    { resources: { limits: { cpu: "1250m", memory: "64Mi" }, requests: { cpu: "250m", memory: "32Mi" } } }
  ),
  downward(
    "default limits.cpu/memory from node allocatable",
    [resource("CPU_LIMIT", "limits.cpu"), resource("MEMORY_LIMIT", "limits.memory")],
    [/^CPU_LIMIT=[1-9]\d*$/, /^MEMORY_LIMIT=[1-9]\d*$/]
  )
]

const expansionTests: ReadonlyArray<ConformanceTest> = [
  {
    name: "[sig-node] Variable Expansion should allow composing env vars into new env vars",
    run: (cluster) =>
      expectLines(
        cluster,
        environment([
          { name: "FOO", value: "foo-value" },
          { name: "BAR", value: "bar-value" },
          { name: "FOOBAR", value: "$(FOO);;$(BAR)" }
        ]),
        ["FOO=foo-value", "BAR=bar-value", "FOOBAR=foo-value;;bar-value"]
      )
  },
  {
    name: "[sig-node] Variable Expansion should allow substituting values in a container's command",
    run: (cluster) =>
      expectLines(
        cluster,
        shellContainer("", {
          command: ["sh", "-c", 'TEST_VAR=wrong; echo "$(TEST_VAR)"'],
          env: [{ name: "TEST_VAR", value: "test-value" }]
        }),
        ["test-value"]
      )
  },
  {
    name: "[sig-node] Variable Expansion should allow substituting values in a container's args",
    run: (cluster) =>
      expectLines(
        cluster,
        shellContainer("", {
          command: ["sh", "-c"],
          args: ['TEST_VAR=wrong; echo "$(TEST_VAR)"'],
          env: [{ name: "TEST_VAR", value: "test-value" }]
        }),
        ["test-value"]
      )
  }
]

const overrideTests: ReadonlyArray<ConformanceTest> = [
  {
    name: "[sig-node] Containers should be able to override the image's default arguments (container cmd)",
    // The image says `sh` and no entrypoint: what stands in args is the whole command.
    run: (cluster) =>
      expectLines(cluster, { name: "main", image: shellContainer("").image ?? "", args: ["echo", "override", "arguments"] }, [
        "override arguments"
      ])
  },
  {
    name: "[sig-node] Containers should be able to override the image's default command (container entrypoint)",
    run: (cluster) => expectLines(cluster, shellContainer("", { command: ["/bin/echo", "override"] }), ["override"])
  },
  {
    name: "[sig-node] Containers should be able to override the image's default command and arguments",
    run: (cluster) =>
      expectLines(cluster, shellContainer("", { command: ["/bin/echo"], args: ["override", "arguments"] }), [
        "override arguments"
      ])
  }
]

/** All of them. */
export const environmentTests: ReadonlyArray<ConformanceTest> = [
  ...fromObjects,
  ...downwardTests,
  ...expansionTests,
  ...overrideTests
]
