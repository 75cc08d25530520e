/** `kubectl logs`, with all of its ways to want less. @module */
import { pods } from "@tsukube/api/core-v1"
import { shellContainer, shellPod } from "../shell-pods.ts"
import { type ConformanceTest, expectEqual, expectThat } from "../suite.ts"
import { kubectlTest } from "./kubectl.ts"

const lineCount = 10

const filtered: ConformanceTest = kubectlTest(
  "[sig-cli] Kubectl logs logs should be able to retrieve and filter logs",
  async (cluster) => {
    const { client, kubectl, eventually } = cluster
    const script = `i=0; while [ $i -lt ${lineCount} ]; do echo line $i; i=$((i+1)); done; sleep 600`
    await client.create(pods, shellPod(cluster, "generator", shellContainer(script)))
    const logs = async (...flags: ReadonlyArray<string>) => (await kubectl(["logs", "generator", "main", ...flags])).stdout
    await eventually("all lines", async () => (await logs()).trimEnd().split("\n").length === lineCount)
    expectEqual(await logs("--tail=1"), `line ${lineCount - 1}\n`, "the last line")
    expectEqual(await logs("--limit-bytes=1"), "l", "the first byte")
    const [, time = "", text] = /^(\S+) (.*)\n$/.exec(await logs("--tail=1", "--timestamps")) ?? []
    expectEqual(text, `line ${lineCount - 1}`, "the text after the time")
    expectThat(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(time), `${time} is a time`)
    // Nothing was written lately, everything today.
    await eventually("a log without old lines", async () => (await logs("--since=1s")) === "")
    expectEqual((await logs("--since=24h")).trimEnd().split("\n").length, lineCount, "lines of the last day")
  }
)

/** All of them. */
export const logTests: ReadonlyArray<ConformanceTest> = [filtered]
