/** Who owns whom: every object of the cluster by uid, with its owners and dependents. Pure. @module */
import { groupResourceOf, type KubernetesObject, type Resource } from "@tsukube/api"
import type { OwnerReference } from "@tsukube/api/meta-v1"
import { isDeleting, nameOf, namespaceOf, uidOf } from "../object.ts"

/** Keeps an object until its blocking dependents are gone. */
export const foregroundFinalizer = "foregroundDeletion"
/** Keeps an object until its dependents have let go of it. */
export const orphanFinalizer = "orphan"

/** What the collector knows of an object. */
export interface GraphNode {
  readonly uid: string
  readonly resource: Resource
  readonly namespace: string
  readonly name: string
  readonly owners: ReadonlyArray<OwnerReference>
  readonly deleting: boolean
  readonly finalizers: ReadonlyArray<string>
}

/** True while the object waits for its dependents to go. */
export const isWaiting = ({ deleting, finalizers }: GraphNode): boolean => deleting && finalizers.includes(foregroundFinalizer)

const needsWork = ({ deleting, finalizers }: GraphNode): boolean =>
  deleting && (finalizers.includes(foregroundFinalizer) || finalizers.includes(orphanFinalizer))

const sameOwners = (left: ReadonlyArray<OwnerReference>, right: ReadonlyArray<OwnerReference>): boolean =>
  left.length === right.length &&
  left.every((owner, index) => owner.uid === right[index]?.uid && owner.blockOwnerDeletion === right[index]?.blockOwnerDeletion)

/** The graph; changes answer with the uids that have to be looked at because of them. */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>()
  /** By owner uid, also for owners that were never seen. */
  readonly #dependents = new Map<string, Set<string>>()

  /** The object with this uid, or undefined. */
  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid)
  }

  /** The objects that name this uid as an owner. */
  dependentsOf(uid: string): ReadonlyArray<GraphNode> {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((dependent) => this.#nodes.get(dependent) ?? [])
  }

  /** Dependents that hold up the deletion of this owner. */
  blockersOf(uid: string): ReadonlyArray<GraphNode> {
    return this.dependentsOf(uid).filter(({ owners }) =>
      owners.some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true)
    )
  }

  /** Takes in the newest state of an object. */
  set(object: KubernetesObject, resource: Resource): ReadonlyArray<string> {
    const uid = uidOf(object)
    const before = this.#nodes.get(uid)
    const node: GraphNode = {
      uid,
      resource,
      namespace: namespaceOf(object),
      name: nameOf(object),
      owners: object.metadata?.ownerReferences ?? [],
      deleting: isDeleting(object),
      finalizers: object.metadata?.finalizers ?? []
    }
    this.#nodes.set(uid, node)
    const work = new Set<string>()
    if (before === undefined || !sameOwners(before.owners, node.owners)) {
      for (const owner of before?.owners ?? []) this.#unlink(uid, owner.uid)
      for (const owner of node.owners) this.#link(uid, owner.uid)
      if (node.owners.length > 0) work.add(uid)
      // An owner that was held up by this reference may go on.
      for (const owner of before?.owners ?? []) if (this.#isWaiting(owner.uid)) work.add(owner.uid)
    }
    if (needsWork(node)) work.add(uid)
    // Dependents that came before their owner was seen are settled by its coming.
    if (before === undefined || isWaiting(before) !== isWaiting(node))
      for (const each of this.#dependents.get(uid) ?? []) work.add(each)
    return [...work]
  }

  /** Forgets an object that is gone. */
  remove(uid: string): ReadonlyArray<string> {
    const node = this.#nodes.get(uid)
    this.#nodes.delete(uid)
    const work = new Set(this.#dependents.get(uid))
    for (const owner of node?.owners ?? []) {
      this.#unlink(uid, owner.uid)
      if (this.#isWaiting(owner.uid)) work.add(owner.uid)
    }
    return [...work]
  }

  #isWaiting(uid: string): boolean {
    const node = this.#nodes.get(uid)
    return node !== undefined && isWaiting(node)
  }

  #link(uid: string, owner: string): void {
    const dependents = this.#dependents.get(owner) ?? new Set<string>()
    this.#dependents.set(owner, dependents.add(uid))
  }

  #unlink(uid: string, owner: string): void {
    const dependents = this.#dependents.get(owner)
    dependents?.delete(uid)
    if (dependents?.size === 0) this.#dependents.delete(owner)
  }
}

/** The resources whose objects can be collected: listed, watched and deleted, each once whatever its versions; events never. */
export const collectable = (resources: ReadonlyArray<Resource>): ReadonlyArray<Resource> => {
  const seen = new Set<string>()
  return resources.filter((resource) => {
    const id = groupResourceOf(resource)
    const isEvent = resource.plural === "events"
    if (isEvent || seen.has(id)) return false
    if (!(["list", "watch", "delete", "patch"] as const).every((verb) => resource.verbs.includes(verb))) return false
    seen.add(id)
    return true
  })
}
