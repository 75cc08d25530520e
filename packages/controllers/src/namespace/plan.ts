/** What is left to do for a namespace that is on its way out, and how its conditions tell it. Pure. @module */
import type { Resource } from "@tsukube/api"
import type { Namespace, NamespaceCondition } from "@tsukube/api/core-v1"
import { conditionOf } from "../condition.ts"
import { formatTime } from "../object.ts"

/** The finalizer that this controller stands for. */
export const finalizer = "kubernetes"

/** What one pass found. */
export interface Remains {
  /** Objects left, by resource as messages name it. */
  readonly counts: Readonly<Record<string, number>>
  /** Objects that wait for a finalizer, by its name. */
  readonly finalizers: Readonly<Record<string, number>>
  /** Requests that failed. */
  readonly failures: ReadonlyArray<string>
}

/** Resources whose objects live in namespaces and can be deleted, pods first: nothing a pod still uses may go before it (KEP-5080). */
export const deletable = (resources: ReadonlyArray<Resource>): ReadonlyArray<Resource> => {
  const found = resources.filter(({ namespaced, verbs }) => namespaced && verbs.includes("delete") && verbs.includes("list"))
  const seen = new Set<string>()
  const isPods = ({ group, plural }: Resource): number => (group === "" && plural === "pods" ? 0 : 1)
  return found
    .filter(({ group, plural }) => {
      // The same objects are served under several versions, and events under two groups.
      const id = plural === "events" ? plural : `${plural}.${group}`
      if (seen.has(id)) return false
      seen.add(id)
      return true
    })
    .sort((left, right) => isPods(left) - isPods(right))
}

const list = (counts: Readonly<Record<string, number>>, word: string): string =>
  Object.entries(counts)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, count]) => `${name} has ${count} ${word}`)
    .join(", ")

interface Finding {
  readonly type: string
  readonly bad: boolean
  readonly reason: string
  readonly message: string
  readonly fineReason: string
  readonly fineMessage: string
}

const findingsOf = ({ counts, finalizers, failures }: Remains): ReadonlyArray<Finding> => [
  {
    type: "NamespaceDeletionDiscoveryFailure",
    bad: false,
    reason: "DiscoveryFailed",
    message: "",
    fineReason: "ResourcesDiscovered",
    fineMessage: "All resources successfully discovered"
  },
  {
    type: "NamespaceDeletionGroupVersionParsingFailure",
    bad: false,
    reason: "GroupVersionParsingFailed",
    message: "",
    fineReason: "ParsedGroupVersions",
    fineMessage: "All legacy kube types successfully parsed"
  },
  {
    type: "NamespaceDeletionContentFailure",
    bad: failures.length > 0,
    reason: "ContentDeletionFailed",
    message: `Failed to delete all resource types, ${failures.length} remaining: ${failures.join(", ")}`,
    fineReason: "ContentDeleted",
    fineMessage: "All content successfully deleted, may be waiting on finalization"
  },
  {
    type: "NamespaceContentRemaining",
    bad: Object.keys(counts).length > 0,
    reason: "SomeResourcesRemain",
    message: `Some resources are remaining: ${list(counts, "resource instances")}`,
    fineReason: "ContentRemoved",
    fineMessage: "All content successfully removed"
  },
  {
    type: "NamespaceFinalizersRemaining",
    bad: Object.keys(finalizers).length > 0,
    reason: "SomeFinalizersRemain",
    message: `Some content in the namespace has finalizers remaining: ${Object.entries(finalizers)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, count]) => `${name} in ${count} resource instances`)
      .join(", ")}`,
    fineReason: "ContentHasNoFinalizers",
    fineMessage: "All content-preserving finalizers finished"
  }
]

/** The namespace's conditions after a pass. */
export const conditionsAfter = (namespace: Namespace, remains: Remains, nowMs: number): ReadonlyArray<NamespaceCondition> => {
  const before = namespace.status?.conditions ?? []
  const findings = findingsOf(remains).map((finding): NamespaceCondition => {
    const status = finding.bad ? "True" : "False"
    const old = conditionOf(before, finding.type)
    const lastTransitionTime = old?.status === status ? (old.lastTransitionTime ?? formatTime(nowMs)) : formatTime(nowMs)
    return {
      type: finding.type,
      status,
      lastTransitionTime,
      reason: finding.bad ? finding.reason : finding.fineReason,
      message: finding.bad ? finding.message : finding.fineMessage
    }
  })
  const own = new Set(findings.map(({ type }) => type))
  return [...before.filter(({ type }) => !own.has(type)), ...findings]
}

/** True when nothing is left and nothing failed. */
export const isEmpty = ({ counts, failures }: Remains): boolean => Object.keys(counts).length === 0 && failures.length === 0
