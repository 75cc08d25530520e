/** The command line of the harness: what is asked for, or what is wrong with it. @module */

/** What one call of the command is to do. */
export interface Flags {
  readonly kubeconfig?: string
  readonly focus?: RegExp
  readonly except?: string
  readonly list: boolean
  readonly help: boolean
  readonly parallel: number
  readonly image: string
}

/** A command line that cannot be understood; the message names the flag. */
export class FlagError extends Error {}

export const usage = `Usage: bun run conformance -- --kubeconfig FILE [flags]

Runs Kubernetes v1.36 conformance tests, under their upstream names, against the cluster of the kubeconfig.
Each test has a namespace of its own, which is deleted afterwards.

  --kubeconfig FILE   the cluster under test; default $KUBECONFIG
  --focus REGEX       only tests whose name matches, e.g. --focus 'sig-apps.*Deployment'
  --except FILE       leaves out the tests named in the file, one name a line, e.g. conformance/not-yet.txt
  --parallel N        tests that run at once; default 4. Those that upstream marks Serial run alone, at the end
  --image IMAGE       image for pods that only have to run; default registry.k8s.io/pause:3.10
  --list              prints the names of the tests that are written and runs none
  --help              this text

The last line is "N passed, N failed, N skipped"; the exit code is 0 when none failed, 1 when one did,
2 when the command line is wrong or the cluster does not answer.
`

const valued = ["--kubeconfig", "--focus", "--except", "--parallel", "--image"] as const
type Valued = (typeof valued)[number]

/** Reads the command line; throws `FlagError`. */
export const parseFlags = (
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string | undefined>> = {}
): Flags => {
  const values: Partial<Record<Valued, string>> = {}
  let list = false
  let help = false
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? ""
    if (arg === "--" && at === 0) continue
    if (arg === "--list") list = true
    else if (arg === "--help" || arg === "-h") help = true
    else {
      const equals = arg.indexOf("=")
      const name = valued.find((one) => one === (equals === -1 ? arg : arg.slice(0, equals)))
      if (name === undefined) throw new FlagError(`unknown flag ${arg}; --help lists them`)
      const value = equals === -1 ? args[++at] : arg.slice(equals + 1)
      if (value === undefined || value === "") throw new FlagError(`${name} needs a value`)
      values[name] = value
    }
  }
  const kubeconfig = values["--kubeconfig"] ?? environment["KUBECONFIG"]
  if (!help && !list && !kubeconfig) throw new FlagError("--kubeconfig FILE is missing, and KUBECONFIG is not set")
  return {
    list,
    help,
    parallel: parallelOf(values["--parallel"] ?? "4"),
    image: values["--image"] ?? "registry.k8s.io/pause:3.10",
    ...(kubeconfig ? { kubeconfig } : {}),
    ...(values["--focus"] === undefined ? {} : { focus: focusOf(values["--focus"]) }),
    ...(values["--except"] === undefined ? {} : { except: values["--except"] })
  }
}

const parallelOf = (text: string): number => {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 64) throw new FlagError(`--parallel ${text}: a number from 1 to 64`)
  return count
}

const focusOf = (text: string): RegExp => {
  try {
    return new RegExp(text)
  } catch (error) {
    throw new FlagError(`--focus ${text}: ${error instanceof Error ? error.message : "not a regular expression"}`)
  }
}
