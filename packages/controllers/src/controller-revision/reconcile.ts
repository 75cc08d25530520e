/** Keeps the revisions of one owner: adopts them, makes the newest, takes old ones away. @module */
import { controllerOf, labelSelectorFrom, matchesLabels, ownerReference, type Resource } from "@tsukube/api"
import { type ControllerRevision, controllerrevisions } from "@tsukube/api/apps-v1"
import type { Client, ClientError, Informer } from "@tsukube/client"
import { Data, Effect } from "effect"
import { sameMeaning } from "../canonical.ts"
import { templateHash } from "../deployment/template-hash.ts"
import { isAlreadyExists, unlessGone } from "../failure.ts"
import { nameOf, namespaceOf, uidOf } from "../object.ts"
import { claimOwned } from "../owned.ts"
import { byRevision, choose, dataOf, type Versioned } from "./plan.ts"

/** Names that others have taken are passed over this often in one pass. */
const mostCollisions = 100

/** The name of a revision is not free yet. */
export class RevisionNameTaken extends Data.Error<{ readonly message: string }> {
  readonly _tag = "RevisionNameTaken"
}

/** The revisions of an owner as they are now. */
export interface History {
  /** The wanted template's. */
  readonly newest: ControllerRevision
  /** All, oldest first. */
  readonly revisions: ReadonlyArray<ControllerRevision>
  /** How many names were taken by others so far. */
  readonly collisionCount: number
}

/** A kind that keeps revisions. */
export interface VersionedKind<O extends Versioned> {
  readonly resource: Resource<O>
  /** Under which label its revisions carry their hash. */
  readonly hashLabel: string
}

const keyOf = (revision: ControllerRevision) => ({ namespace: namespaceOf(revision), name: nameOf(revision) })

const revisionOf = <O extends Versioned>(
  owner: O,
  { resource, hashLabel }: VersionedKind<O>,
  number: number,
  collisionCount: number
): ControllerRevision => {
  const template = owner.spec?.template ?? {}
  const hash = templateHash(template, collisionCount)
  return {
    metadata: {
      // Upstream leaves thirty characters of a name for the hash.
      name: `${nameOf(owner).slice(0, 223)}-${hash}`,
      namespace: namespaceOf(owner),
      labels: { ...template.metadata?.labels, [hashLabel]: hash },
      annotations: owner.metadata?.annotations ?? {},
      ownerReferences: [ownerReference(owner, resource)]
    },
    data: dataOf(template),
    revision: number
  }
}

/** Makes the revision under the first name that is free or already its own. */
const create = <O extends Versioned>(client: Client, owner: O, kind: VersionedKind<O>, number: number) =>
  Effect.gen(function* () {
    for (let collisions = owner.status?.collisionCount ?? 0, tried = 0; tried < mostCollisions; collisions++, tried++) {
      const wanted = revisionOf(owner, kind, number, collisions)
      const made = yield* Effect.result(client.create(controllerrevisions, wanted))
      if (made._tag === "Success") return { newest: made.success, collisionCount: collisions }
      if (!isAlreadyExists(made.failure)) return yield* made.failure
      const found = yield* unlessGone(client.get(controllerrevisions, keyOf(wanted)))
      const master = found === undefined ? undefined : controllerOf(found)
      const isOurs = master === undefined || master.uid === uidOf(owner)
      if (found !== undefined && isOurs && sameMeaning(found.data, wanted.data)) {
        return { newest: found, collisionCount: collisions }
      }
      // An owner of this kind and name with another uid is gone, and its revisions are about to go.
      const isDoomed = master !== undefined && master.kind === kind.resource.kind && master.name === nameOf(owner)
      if (found === undefined || (isDoomed && !isOurs)) break
    }
    return yield* new RevisionNameTaken({ message: `the name of revision ${number} of ${nameOf(owner)} is not free yet` })
  })

/** Settles who owns which revisions and sees to it that the wanted template's has the highest number. */
export const keepHistory = <O extends Versioned>(
  client: Client,
  owner: O,
  kind: VersionedKind<O>,
  cache: Informer<ControllerRevision>
): Effect.Effect<History, ClientError | RevisionNameTaken> =>
  Effect.gen(function* () {
    const selector = labelSelectorFrom(owner.spec?.selector)
    const isSelected = ({ metadata }: ControllerRevision): boolean => matchesLabels(selector, metadata?.labels)
    const candidates = [
      ...cache.byIndex("owner", uidOf(owner)),
      ...cache.byIndex("orphans", namespaceOf(owner)).filter(isSelected)
    ]
    const claimed = yield* claimOwned(client, owner, kind.resource, owner.spec?.selector, candidates, controllerrevisions)
    const revisions = [...claimed].sort(byRevision)
    const choice = choose(owner.spec?.template ?? {}, revisions)
    const collisionCount = owner.status?.collisionCount ?? 0
    if (choice.type === "keep") return { newest: choice.revision, revisions, collisionCount }
    if (choice.type === "create") {
      const created = yield* create(client, owner, kind, choice.number)
      return { ...created, revisions: [...revisions, created.newest].sort(byRevision) }
    }
    const newest = yield* client.update(controllerrevisions, { ...choice.revision, revision: choice.number })
    const rest = revisions.filter((revision) => uidOf(revision) !== uidOf(newest))
    return { newest, revisions: [...rest, newest], collisionCount }
  })

/** Deletes revisions that are not needed any more. */
export const dropRevisions = (client: Client, revisions: ReadonlyArray<ControllerRevision>): Effect.Effect<void, ClientError> =>
  Effect.forEach(
    revisions,
    (revision) => unlessGone(client.delete(controllerrevisions, keyOf(revision), { preconditions: { uid: uidOf(revision) } })),
    { discard: true }
  )
