/** A plan as a table, JSON or YAML. @module */
import { stringify } from "yaml"
import type { Planned } from "../embed.ts"
import type { Explanation } from "../explain.ts"

/** How to print. */
export type OutputFormat = "table" | "json" | "yaml"

const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("   ")
        .trimEnd()
    )
    .join("\n")
}

const rowOf = ({ pod, decision }: Planned): ReadonlyArray<string> => [
  pod.metadata?.namespace ?? "default",
  pod.metadata?.name ?? pod.metadata?.generateName ?? "",
  decision.type,
  decision.type === "placed" ? decision.nodeName : decision.type === "refused" ? (decision.nominatedNode ?? "-") : "-",
  decision.type === "placed" ? "" : decision.message
]

const plainOf = (planned: Planned, explanation: Explanation | undefined): unknown => {
  const { pod, decision } = planned
  const about = { namespace: pod.metadata?.namespace ?? "default", name: pod.metadata?.name }
  const more = explanation === undefined ? {} : { explanation }
  if (decision.type === "placed")
    return { ...about, type: "placed", nodeName: decision.nodeName, feasibleNodes: decision.feasible, ...more }
  if (decision.type !== "refused") return { ...about, ...decision, ...more }
  const { message, nominatedNode, victims = [] } = decision
  const preemption =
    nominatedNode === undefined
      ? {}
      : { nominatedNode, victims: victims.map(({ namespace, pod: victim }) => `${namespace}/${victim.metadata?.name}`) }
  return { ...about, type: "refused", message, plugins: [...decision.plugins].sort(), ...preemption, ...more }
}

const explanationLines = ({ refusal, nodes }: Explanation): ReadonlyArray<string> => [
  ...(refusal === undefined ? [] : [`    ${refusal.plugin}: ${refusal.reasons.join(", ")}`]),
  ...nodes.map((node) =>
    node.fits
      ? `    ${node.name}: ${node.total} (${Object.entries(node.scores)
          .map(([plugin, score]) => `${plugin} ${score}`)
          .join(", ")})`
      : `    ${node.name}: refused by ${node.plugin}: ${node.reasons.join(", ")}`
  )
]

/** The text of a plan, with what every node says where that was asked for. */
export const printPlan = (
  planned: ReadonlyArray<Planned>,
  format: OutputFormat,
  explanations: ReadonlyMap<Planned, Explanation>
): string => {
  if (format !== "table") {
    const plain = planned.map((each) => plainOf(each, explanations.get(each)))
    return format === "json" ? JSON.stringify(plain, undefined, 2) : stringify(plain).trimEnd()
  }
  const lines = table([["NAMESPACE", "NAME", "STATUS", "NODE", "MESSAGE"], ...planned.map(rowOf)])
  const told = planned.flatMap((each) => {
    const explanation = explanations.get(each)
    return explanation === undefined ? [] : [`${each.pod.metadata?.name}:`, ...explanationLines(explanation)]
  })
  return told.length === 0 ? lines : `${lines}\n\n${told.join("\n")}`
}
