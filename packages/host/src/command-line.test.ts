import { expect, test } from "bun:test"
import { placedCommand } from "./command-line.ts"

const tools = { nsenter: "/usr/bin/nsenter", setpriv: "/usr/bin/setpriv" }
const words = (...parameters: Parameters<typeof placedCommand>): string => {
  const placed = placedCommand(...parameters)
  return [placed.command, ...placed.args].join(" ")
}

test("a plain command is left as it is", () => {
  expect(words("true", ["x"], {}, tools)).toBe("true x")
})

test("namespaces are entered as root, then the user changes, then the death signal is set", () => {
  const placement = { netns: "/run/netns/n1", mountNs: "/m/n1", cwd: "/data", uid: 7, gid: 8, deathSignal: "SIGKILL" }
  expect(words("postgres", ["-D", "."], placement, tools)).toBe(
    "/usr/bin/nsenter --net=/run/netns/n1 --mount=/m/n1 --wdns=/data -- " +
      "/usr/bin/setpriv --regid=8 --reuid=7 --clear-groups --pdeathsig SIGKILL -- postgres -D ."
  )
})

test("without setpriv the spawning call changes the user", () => {
  expect(
    placedCommand("postgres", [], { uid: 7, gid: 8, deathSignal: "SIGKILL" }, { nsenter: undefined, setpriv: undefined })
  ).toEqual({
    command: "postgres",
    args: [],
    uid: 7,
    gid: 8
  })
})
