/** The command line, read and refused. @module */
import { describe, expect, test } from "bun:test"
import { FlagError, parseFlags } from "./flags.ts"

describe("flags", () => {
  test("a kubeconfig is all that is needed", () => {
    expect(parseFlags(["--kubeconfig", "a.yaml"])).toEqual({
      kubeconfig: "a.yaml",
      list: false,
      help: false,
      parallel: 4,
      image: "registry.k8s.io/pause:3.10"
    })
  })

  test("the environment names the kubeconfig when the flags do not", () => {
    expect(parseFlags([], { KUBECONFIG: "b.yaml" }).kubeconfig).toBe("b.yaml")
    expect(parseFlags(["--kubeconfig=c.yaml"], { KUBECONFIG: "b.yaml" }).kubeconfig).toBe("c.yaml")
  })

  test("a focus is a regular expression, and a leading -- is passed over", () => {
    const { focus, parallel, except } = parseFlags([
      "--",
      "--list",
      "--focus",
      "sig-(apps|node)",
      "--parallel=9",
      "--except",
      "f"
    ])
    expect(focus?.test("[sig-node] Pods")).toBe(true)
    expect(focus?.test("[sig-cli] Kubectl")).toBe(false)
    expect([parallel, except]).toEqual([9, "f"])
  })

  const wrong: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
    [["--kubeconfg", "a"], "unknown flag --kubeconfg; --help lists them"],
    [["--list=yes"], "unknown flag --list=yes; --help lists them"],
    [["stray", "--list"], "unknown flag stray; --help lists them"],
    [["--kubeconfig"], "--kubeconfig needs a value"],
    [["--focus=", "--list"], "--focus needs a value"],
    [["--list", "--parallel", "0"], "--parallel 0: a number from 1 to 64"],
    [["--list", "--parallel", "many"], "--parallel many: a number from 1 to 64"],
    [[], "--kubeconfig FILE is missing, and KUBECONFIG is not set"]
  ]
  test.each([...wrong])("%p is refused by name", (args, message) => {
    expect(() => parseFlags(args)).toThrow(new FlagError(message))
  })

  test("a focus that is no regular expression is refused by name", () => {
    expect(() => parseFlags(["--list", "--focus", "("])).toThrow(/^--focus \(: /)
  })
})
