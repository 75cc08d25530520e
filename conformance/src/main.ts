/** The command `bun run conformance`: reads the flags, runs the tests, prints what became of them. @module */
import { resolve } from "node:path"
import { openClient } from "@tsukube/client/promise"
import { describeError } from "./evidence.ts"
import { FlagError, type Flags, parseFlags, usage } from "./flags.ts"
import { readNames, serialNames, upstreamNames } from "./names.ts"
import { planTests } from "./plan.ts"
import { closingLine, listing, outcomeLines, totalsOf } from "./report.ts"
import { runTests } from "./run.ts"
import { tests } from "./tests.ts"

const main = async (flags: Flags): Promise<number> => {
  if (flags.help) {
    process.stdout.write(usage)
    return 0
  }
  const except = flags.except === undefined ? [] : await readNames(flags.except)
  const plan = planTests(tests, { except, serial: await serialNames(), ...(flags.focus ? { focus: flags.focus } : {}) })
  if (flags.list) {
    const names = [...plan.together, ...plan.alone].map(({ name }) => name)
    console.log(listing(names.sort(), await upstreamNames()))
    return 0
  }
  const kubeconfig = resolve(flags.kubeconfig ?? "")
  await using client = await openClient({ file: kubeconfig })
  const version: { gitVersion?: string } = await (await client.request({ path: "/version" })).json()
  const count = plan.together.length + plan.alone.length
  console.log(
    `${count} tests, ${flags.parallel} at once, ${plan.alone.length} of them alone; the server says ${version.gitVersion}`
  )
  const outcomes = await runTests(plan, {
    client,
    kubeconfig,
    image: flags.image,
    parallel: flags.parallel,
    onOutcome: (name, outcome, durationMs) => console.log(outcomeLines(name, outcome, durationMs))
  })
  const totals = totalsOf(outcomes)
  console.log(closingLine(totals))
  return totals.failed === 0 ? 0 : 1
}

const codeOf = async (): Promise<number> => {
  try {
    return await main(parseFlags(process.argv.slice(2), process.env))
  } catch (error) {
    console.error(error instanceof FlagError ? error.message : `cannot run: ${describeError(error)}`)
    return 2
  }
}

// A test that was given up may still hold a connection open.
process.exit(await codeOf())
