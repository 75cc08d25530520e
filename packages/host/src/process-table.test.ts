import { expect, test } from "bun:test"
import { spawn } from "node:child_process"
import { eventually } from "@tsukube/testing"
import { Effect } from "effect"
import { familyOf, killFamilies, processTable } from "./process-table.ts"

test("a family is the process and all its descendants, parents first", () => {
  const table = [
    { pid: 1, parent: 0, commandLine: ["init"] },
    { pid: 4, parent: 3, commandLine: ["grandchild"] },
    { pid: 3, parent: 2, commandLine: ["child"] },
    { pid: 2, parent: 1, commandLine: ["root"] },
    { pid: 5, parent: 1, commandLine: ["other"] }
  ]
  expect(familyOf(table, [2]).map(({ pid }) => pid)).toEqual([2, 3, 4])
})

test.skipIf(process.platform !== "linux")("killFamilies ends what matches and what it started", async () => {
  const mark = `tsukube-mark-${process.pid}`
  const child = spawn("sh", ["-c", "sleep 1000 & wait", mark], { stdio: "ignore" })
  const family = () => familyOf(processTable(), [child.pid ?? -1])
  await eventually(() => family().length === 2, { what: "the shell and its sleep" })
  const pids = family().map(({ pid }) => pid)
  await Effect.runPromise(killFamilies(({ commandLine }) => commandLine.includes(mark)))
  await eventually(() => processTable().every(({ pid, commandLine }) => !pids.includes(pid) || commandLine.length === 0), {
    what: "their end"
  })
})
