/** The pods that name a PodGroup (KEP-4671), by group: those that wait and those that have a node. @module */
import type { Pod } from "@tsukube/api/core-v1"
import { podKey } from "./pod-info.ts"

/** The group that a pod names: `namespace/name`. */
export const groupKeyOf = ({ metadata, spec }: Pod): string | undefined => {
  const name = spec?.schedulingGroup?.podGroupName
  return name === undefined || name === "" ? undefined : `${metadata?.namespace ?? "default"}/${name}`
}

/** Which pods there are of each group. */
export class PodGroups {
  readonly #members = new Map<string, Set<string>>()

  /** Learns of a pod; true when it is a new member of a group. */
  add(pod: Pod): boolean {
    const group = groupKeyOf(pod)
    if (group === undefined) return false
    const members = this.#members.get(group) ?? new Set<string>()
    const { size } = members
    this.#members.set(group, members.add(podKey(pod)))
    return members.size > size
  }

  /** Forgets a pod that is gone or has ended. */
  delete(pod: Pod): void {
    const group = groupKeyOf(pod)
    const members = this.#members.get(group ?? "")
    members?.delete(podKey(pod))
    if (group !== undefined && members?.size === 0) this.#members.delete(group)
  }

  /** The keys of a group's pods, in the order in which they came. */
  membersOf(group: string): ReadonlyArray<string> {
    return [...(this.#members.get(group) ?? [])]
  }
}
