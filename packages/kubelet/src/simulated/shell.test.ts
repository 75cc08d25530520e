import { describe, expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { commandNames } from "./commands.ts"
import { makeSimulatedContainer, type SimulatedContainer } from "./container.ts"
import { isSimulatedCommand } from "./shell.ts"

const container = (): SimulatedContainer =>
  makeSimulatedContainer({
    nodeName: "node",
    sandbox: { hostname: "box", ips: ["10.0.0.7"] },
    spec: {
      name: "main",
      command: [],
      args: [],
      environment: [{ name: "A", value: "b c" }],
      workingDir: "",
      stdin: false,
      stdinOnce: false,
      tty: false
    },
    now: () => Date.parse("2026-01-02T03:04:05Z"),
    sleep: async () => undefined
  })

async function* bytes(...parts: ReadonlyArray<string | Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield typeof part === "string" ? new TextEncoder().encode(part) : part
}

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

const run = async (
  inside: SimulatedContainer,
  command: ReadonlyArray<string>,
  input: AsyncIterable<Uint8Array> = bytes(),
  tty = false
): Promise<Ended> => {
  const seen = { out: "", err: "" }
  const into = (name: "out" | "err") => async (chunk: Uint8Array) => {
    seen[name] += new TextDecoder().decode(chunk)
  }
  const program = inside.exec(command, { stdin: true, stdout: true, stderr: true, tty })
  const signal = new AbortController().signal
  const code = await program({ stdin: input, stdout: into("out"), stderr: into("err"), onResize: () => undefined, signal })
  return { code, ...seen }
}

const sh = (script: string, input?: string): Promise<Ended> => run(container(), ["sh", "-c", script], bytes(input ?? ""))

describe("a shell", () => {
  const cases: ReadonlyArray<readonly [script: string, out: string, code?: number]> = [
    ["echo $A \"$A\" '$A' ${X:-none} ${#A}", "b c b c $A none 3\n"],
    ["echo one; false || echo or; true && echo and; ! false; echo $?", "one\nor\nand\n0\n"],
    ["exit 7", "", 7],
    ["i=0; while [ $i -lt 3 ]; do echo $i; i=$((i + 1)); done", "0\n1\n2\n"],
    ["until test -f /tmp/x; do touch /tmp/x; done; ls /tmp", "x\n"],
    ['for f in a b "c d"; do echo "<$f>"; done', "<a>\n<b>\n<c d>\n"],
    ["if test -d /none; then echo a; elif true; then echo b; else echo c; fi", "b\n"],
    ["echo $((2 * (3 + 4) - 7 / 2)) $((1 < 2 && 3 != 3))", "11 0\n"],
    ['x=$(echo sub; echo two); echo "$x" $(echo a   b)', "sub\ntwo a b\n"],
    ["(cd /tmp; pwd); pwd; cd /etc; pwd", "/tmp\n/\n/etc\n"],
    ["echo hi > /tmp/a; echo ho >> /tmp/a; wc -l < /tmp/a; cat /etc/hostname", "2\nbox\n"],
    ["echo a | (read x; echo [$x])", "[a]\n"],
    ["seq 5 | while read n; do test $n = 2 && continue; test $n = 4 && break; echo n$n; done", "n1\nn3\n"],
    ["{ echo out; echo err >&2; } 2>/dev/null | tr a-z A-Z", "OUT\n"],
    ["ls /none 2>&1 || echo failed", "ls: /none: No such file or directory\nfailed\n"],
    ["cat /dev/zero | head -c 100000 | wc -c", "100000\n"],
    ["trap 'exit 1' TERM; exec echo replaced; echo never", "replaced\n"],
    ["sleep 1 & wait; date +%F", "2026-01-02\n"],
    ["export B=1; env | grep -c ^B=1$; unset B; env | grep -c ^B=", "1\n0\n", 1],
    ["set -- ; printf '%s-%03d\\n' a 5 b 6", "a-005\nb-006\n"],
    ["sh -c 'echo $0 $1' name arg", "name arg\n"]
  ]
  for (const [script, out, code = 0] of cases) {
    test(script, async () => {
      const { err, ...ended } = await sh(script)
      expect({ ...ended, err }).toEqual({ code, out, err: "" })
    })
  }

  test("reads what it is given, to its end", async () => {
    expect((await sh("wc -c; echo done", "x".repeat(300_000))).out).toBe("300000\ndone\n")
    expect((await sh("while read line; do echo got $line; done", "one\ntwo\nthree")).out).toBe("got one\ngot two\n")
    expect((await run(container(), ["cat"], bytes(new Uint8Array([0, 255, 10])))).code).toBe(0)
  })

  test("says what is wrong with a script, and what it does not know", async () => {
    expect(await sh("echo 'open")).toEqual({ code: 2, out: "", err: "sh: syntax error: unterminated quoted string\n" })
    expect(await sh("for x in a; echo")).toMatchObject({ code: 2 })
    expect(await sh("nginx -g daemon; echo after")).toEqual({ code: 0, out: "after\n", err: "sh: nginx: not found\n" })
    expect(await sh("echo $((1 / 0))")).toEqual({ code: 2, out: "", err: "sh: divide by zero\n" })
  })

  test("does not grow without bound", async () => {
    expect((await sh("cat /dev/zero > /tmp/big")).err).toBe("cat: No space left on device\n")
    expect((await sh("x=aaaaaaaaaa; for i in 1 2 3 4 5 6 7 8 9; do x=$x$x$x$x$x$x$x$x; done; echo ${#x}")).out).toBe("1048576\n")
    expect(await sh("f() { echo; }")).toMatchObject({ code: 2 })
    expect((await sh(`${"(".repeat(60)}echo${")".repeat(60)}`)).err).toContain("nested too deeply")
  })
})

describe("a terminal", () => {
  test("echoes, edits, ends lines for the screen, and prompts", async () => {
    const { code, out } = await run(container(), ["sh"], bytes("echo hix\x7f; stty size; exit 3\r"), true)
    expect(out).toBe("/ # echo hix\b \b; stty size; exit 3\r\nhi\r\n24 80\r\n")
    expect(code).toBe(3)
  })

  test("^C ends what runs, ^D the input", async () => {
    expect((await run(container(), ["cat"], bytes("a\r", "\x03"), true)).code).toBe(130)
    expect(await run(container(), ["cat"], bytes("a\r", "\x04"), true)).toEqual({ code: 0, out: "a\r\na\r\n", err: "" })
  })
})

test("tar packs and unpacks", async () => {
  const inside = container()
  const script =
    "mkdir -p /a/b; echo x > /a/b/c; tar cf /tmp/t -C / a; mkdir /out; tar xf /tmp/t -C /out; cat /out/a/b/c; tar tf /tmp/t"
  expect((await run(inside, ["sh", "-c", script])).out).toBe("x\na/\na/b/\na/b/c\n")
  // Files stay for the next command.
  expect((await run(inside, ["cat", "/out/a/b/c"])).out).toBe("x\n")
})

test("the README names every command", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8")
  const listed = /The commands:\n`([^`]+)`/.exec(readme)?.[1]?.split(/\s+/)
  expect(listed).toEqual([...commandNames])
})

test("a command counts as simulated when everything in it is", () => {
  expect(isSimulatedCommand(["sleep", "5"])).toBe(true)
  expect(isSimulatedCommand(["/bin/sh", "-c", "echo a; sleep 1; x=$(date)"])).toBe(true)
  expect(isSimulatedCommand(["sh", "-c", "echo a | nginx"])).toBe(false)
  expect(isSimulatedCommand(["sh", "-c", "$COMMAND"])).toBe(false)
  expect(isSimulatedCommand(["sh", "-c", "echo $(curl x)"])).toBe(false)
  expect(isSimulatedCommand(["sh", "-c", "echo ("])).toBe(false)
  expect(isSimulatedCommand(["nginx"])).toBe(false)
})
