import { expect, test } from "bun:test"
import { helpText, parseFlags, UsageError } from "./flags.ts"

test("without flags the defaults are those that help tells", () => {
  const options = parseFlags([])
  expect(options).toMatchObject({ store: "embedded", securePort: 6443, nodes: 1, runtime: "auto", clusterCidr: "10.244.0.0/16" })
  expect(options?.kubeconfig).toBe(`${options?.dataDir}/admin.kubeconfig`)
})

test("every flag is in the help text", () => {
  for (const flag of [
    "data-dir",
    "store",
    "secure-port",
    "insecure-port",
    "shutdown-delay-duration",
    "kubeconfig",
    "nodes",
    "runtime",
    "proxy-mode",
    "cluster-cidr",
    "service-cidr",
    "runtime-config",
    "images"
  ])
    expect(helpText()).toContain(`--${flag} `)
})

test("--help asks for nothing else", () => {
  expect(parseFlags(["--help"])).toBeUndefined()
})

const wrong: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
  [["--nodes", "many"], /--nodes many: give a whole number from 0 to 100/],
  [["--nodes", "101"], /--nodes 101/],
  [["--secure-port", "70000"], /--secure-port 70000/],
  [["--insecure-port", "http"], /--insecure-port http: give a whole number from 0 to 65535/],
  [["--shutdown-delay-duration", "20"], /--shutdown-delay-duration 20: give a duration such as 20s/],
  [["--shutdown-delay-duration", "-1s"], /--shutdown-delay-duration/],
  [["--etcd-compaction-interval", "10ms"], /--etcd-compaction-interval 10ms: give a second or more/],
  [["--runtime", "docker"], /--runtime docker: choose one of auto, simulated, containerd/],
  [["--store", "mysql://x"], /--store mysql:\/\/x/],
  [["--cluster-cidr", "10.244.0.0"], /--cluster-cidr 10.244.0.0: give an IPv4 range/],
  [["--cluster-cidr", "10.244.0.0/30"], /prefix length from 8 to 24/],
  [["--nodes"], /--nodes/],
  [["--node", "3"], /--node'?/]
]
for (const [args, message] of wrong)
  test(`${args.join(" ")} is refused by name`, () => {
    expect(() => parseFlags(args)).toThrow(UsageError)
    expect(() => parseFlags(args)).toThrow(message)
  })

test("--runtime-config is read as upstream's, and words that mean nothing are refused by name", () => {
  const config = parseFlags(["--runtime-config", "api/beta=true,batch/v1/cronjobs=false,storage.k8s.io/v1beta1"])?.runtimeConfig
  expect(config).toEqual({ "api/beta": true, "batch/v1/cronjobs": false, "storage.k8s.io/v1beta1": true })
  expect(() => parseFlags(["--runtime-config", "nothing/v1=true"])).toThrow(
    "--runtime-config nothing/v1=true: unknown api groups nothing/v1"
  )
  expect(() => parseFlags(["--runtime-config", "api/all=maybe"])).toThrow("invalid value api/all=maybe")
})

test("durations are read as upstream's flags have them", () => {
  const delays = ["0", "0s", "500ms", "20s", "1m30s", "1.5h"].map(
    (text) => parseFlags(["--shutdown-delay-duration", text])?.shutdownDelayMs
  )
  expect(delays).toEqual([0, 0, 500, 20_000, 90_000, 5_400_000])
})

test("nobody listens in plain HTTP unless told to", () => {
  expect(parseFlags([])).toMatchObject({ insecurePort: 0, shutdownDelayMs: 0 })
  expect(parseFlags(["--insecure-port", "8080"])?.insecurePort).toBe(8080)
})
