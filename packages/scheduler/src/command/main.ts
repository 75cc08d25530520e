#!/usr/bin/env node
/** The command `tsukube-scheduler`. @module */
import { parseArgs } from "node:util"
import { Effect, Fiber } from "effect"
import { parseFeatureGates } from "../feature-gates.ts"
import { planCommand } from "./plan-command.ts"
import type { OutputFormat } from "./print.ts"
import { runCommand } from "./run-command.ts"

const help = `Usage: tsukube-scheduler plan --nodes FILE --pods FILE [options]
       tsukube-scheduler run --kubeconfig FILE [options]

plan   Says where pods would go, without a cluster. Files are what kubectl prints with -o json or -o yaml, or
       manifests; "-" is standard input. Pods with a nodeName take room on their nodes, the others are placed.

         kubectl get nodes -o json > nodes.json
         kubectl get pods -A -o json > pods.json
         tsukube-scheduler plan --nodes nodes.json --pods pods.json --pods new-deployment.yaml

  --nodes FILE            nodes (may be repeated)
  --pods FILE             pods, placed and waiting (may be repeated)
  --also FILE             anything else that matters: claims, volumes, storage classes, Services, budgets,
                          namespaces, priority classes, pod groups (may be repeated)
  --explain               says for every node which plugin refuses the pod, or every score
  --count                 says how many more of each pod would fit afterwards
  -o, --output FORMAT     table (default), json or yaml

run    Schedules the pods of a cluster that name this scheduler (spec.schedulerName), beside its own.

  --kubeconfig FILE       default: $KUBECONFIG or ~/.kube/config
  --context NAME          default: the kubeconfig's current context
  --leader-elect          several replicas, one works

both
  --config FILE           a KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1)
  --scheduler-name NAME   run: the name to answer to (default tsukube-scheduler); plan: the profile to use
  --feature-gates LIST    features that are off by default: GenericWorkload=true,GangScheduling=true
  -h, --help

Exit codes: 0 all pods placed, 1 some not, 2 wrong usage or input.`

class UsageError extends Error {}

const formats: ReadonlyArray<OutputFormat> = ["table", "json", "yaml"]

const read = (args: ReadonlyArray<string>) =>
  parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      nodes: { type: "string", multiple: true, default: [] },
      pods: { type: "string", multiple: true, default: [] },
      also: { type: "string", multiple: true, default: [] },
      explain: { type: "boolean", default: false },
      count: { type: "boolean", default: false },
      output: { type: "string", short: "o", default: "table" },
      kubeconfig: { type: "string" },
      context: { type: "string" },
      "leader-elect": { type: "boolean" },
      config: { type: "string" },
      "scheduler-name": { type: "string" },
      "feature-gates": { type: "string", default: "" },
      help: { type: "boolean", short: "h", default: false }
    }
  })

const runPlan = ({ values }: ReturnType<typeof read>): void => {
  const output = formats.find((format) => format === values.output)
  if (output === undefined) throw new UsageError(`--output must be one of ${formats.join(", ")}, not ${values.output}`)
  if (values.nodes.length === 0) throw new UsageError("--nodes is missing")
  if (values.pods.length === 0) throw new UsageError("--pods is missing")
  const { text, allPlaced } = planCommand({
    nodes: values.nodes,
    pods: values.pods,
    more: values.also,
    output,
    explain: values.explain,
    count: values.count,
    featureGates: parseFeatureGates(values["feature-gates"]),
    ...(values.config === undefined ? {} : { config: values.config }),
    ...(values["scheduler-name"] === undefined ? {} : { schedulerName: values["scheduler-name"] })
  })
  console.log(text)
  if (!allPlaced) process.exitCode = 1
}

const runLoop = async ({ values }: ReturnType<typeof read>): Promise<void> => {
  const fiber = Effect.runFork(
    runCommand({
      schedulerName: values["scheduler-name"] ?? "tsukube-scheduler",
      ...(values["leader-elect"] === undefined ? {} : { leaderElect: values["leader-elect"] }),
      featureGates: parseFeatureGates(values["feature-gates"]),
      ...(values.kubeconfig === undefined ? {} : { kubeconfig: values.kubeconfig }),
      ...(values.context === undefined ? {} : { context: values.context }),
      ...(values.config === undefined ? {} : { config: values.config })
    })
  )
  let isStopping = false
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      isStopping = true
      Effect.runFork(Fiber.interrupt(fiber))
    })
  }
  const exit = await Effect.runPromise(Fiber.await(fiber))
  if (exit._tag === "Failure" && !isStopping) throw new Error(String(exit.cause))
}

const main = async (args: ReadonlyArray<string>): Promise<void> => {
  try {
    const parsed = read(args)
    const [command, ...rest] = parsed.positionals
    if (parsed.values.help) console.log(help)
    else if (rest.length > 0) throw new UsageError(`unexpected argument ${rest[0]}`)
    else if (command === "plan") runPlan(parsed)
    else if (command === "run") await runLoop(parsed)
    else throw new UsageError(command === undefined ? "a command is missing: plan or run" : `there is no command ${command}`)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    console.error(`tsukube-scheduler: ${message}`)
    const isUsage =
      error instanceof UsageError || (error as { readonly code?: string }).code?.startsWith("ERR_PARSE_ARGS") === true
    if (isUsage) console.error(`\n${help}`)
    process.exitCode = 2
  }
}

await main(process.argv.slice(2))
