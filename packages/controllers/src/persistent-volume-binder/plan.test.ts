import { describe, expect, test } from "bun:test"
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec
} from "@tsukube/api/core-v1"
import type { StorageClass } from "@tsukube/api/storage-v1"
import { bindCompleted, boundByController, planClaim } from "./claim.ts"
import { planVolume } from "./volume.ts"

const volume = (
  name: string,
  spec: Partial<PersistentVolumeSpec> = {},
  more: Partial<PersistentVolume> = {}
): PersistentVolume => ({
  metadata: { name, uid: name, labels: { name } },
  spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], ...spec },
  status: { phase: "Available" },
  ...more
})
const claim = (
  spec: Partial<PersistentVolumeClaimSpec> = {},
  annotations: Readonly<Record<string, string>> = {}
): PersistentVolumeClaim => ({
  metadata: { namespace: "default", name: "data", uid: "u", annotations },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec }
})
const storageClass = (provisioner: string, volumeBindingMode: StorageClass["volumeBindingMode"] = "Immediate"): StorageClass => ({
  metadata: { name: "fast" },
  provisioner,
  volumeBindingMode
})
const ours = { namespace: "default", name: "data", uid: "u" }
const theirs = { namespace: "default", name: "other", uid: "x" }

describe("a claim", () => {
  const cases: ReadonlyArray<
    readonly [
      what: string,
      claim: PersistentVolumeClaim,
      volumes: ReadonlyArray<PersistentVolume>,
      outcome: string,
      storageClass?: StorageClass
    ]
  > = [
    ["gets a volume that is large enough", claim(), [volume("a")], "bind a"],
    [
      "gets the smallest of them",
      claim(),
      [volume("a", { capacity: { storage: "3Gi" } }), volume("b", { capacity: { storage: "2Gi" } })],
      "bind b"
    ],
    ["gets none that is too small", claim(), [volume("a", { capacity: { storage: "1Mi" } })], "wait FailedBinding"],
    ["gets none of another class", claim(), [volume("a", { storageClassName: "slow" })], "wait FailedBinding"],
    ["gets one of its class", claim({ storageClassName: "slow" }), [volume("a", { storageClassName: "slow" })], "bind a"],
    ["gets none without its access mode", claim({ accessModes: ["ReadWriteMany"] }), [volume("a")], "wait FailedBinding"],
    ["gets none of another mode", claim({ volumeMode: "Block" }), [volume("a")], "wait FailedBinding"],
    ["gets what it selects", claim({ selector: { matchLabels: { name: "b" } } }), [volume("a"), volume("b")], "bind b"],
    ["gets nothing that others have", claim(), [volume("a", { claimRef: theirs })], "wait FailedBinding"],
    ["gets nothing that is not free yet", claim(), [volume("a", {}, { status: { phase: "Released" } })], "wait FailedBinding"],
    [
      "gets what is held for its name",
      claim(),
      [volume("a"), volume("b", { claimRef: { namespace: "default", name: "data" } })],
      "bind b"
    ],
    [
      "gets what it was given before it could say so",
      claim(),
      [volume("a"), volume("b", { claimRef: ours }, { status: { phase: "Bound" } })],
      "bind b"
    ],
    [
      "gets nothing that is held for another claim of its name",
      claim(),
      [volume("a", { claimRef: { ...ours, uid: "older" } })],
      "wait FailedBinding"
    ],
    ["gets the volume it names", claim({ volumeName: "b" }), [volume("a"), volume("b")], "bind b"],
    ["waits for the volume it names", claim({ volumeName: "b" }), [volume("a")], "wait"],
    [
      "does not get a volume it names that will not do",
      claim({ volumeName: "b", accessModes: ["ReadOnlyMany"] }),
      [volume("b")],
      "wait VolumeMismatch"
    ],
    [
      "does not get a volume it names that others have",
      claim({ volumeName: "b" }),
      [volume("b", { claimRef: theirs })],
      "wait FailedBinding"
    ],
    [
      "that waits for its first pod gets nothing yet",
      claim({ storageClassName: "fast" }),
      [volume("a", { storageClassName: "fast" })],
      "wait WaitForFirstConsumer",
      storageClass("x", "WaitForFirstConsumer")
    ],
    [
      "that waits gets what the scheduler chose",
      claim({ storageClassName: "fast" }),
      [volume("a", { storageClassName: "fast", claimRef: ours })],
      "bind a",
      storageClass("x", "WaitForFirstConsumer")
    ],
    ["of a class that is not there waits", claim({ storageClassName: "none" }), [], "wait ProvisioningFailed"],
    [
      "of a class without a provisioner waits",
      claim({ storageClassName: "fast" }),
      [],
      "wait ProvisioningFailed",
      storageClass("kubernetes.io/no-provisioner")
    ],
    [
      "of a class with one is left to it",
      claim({ storageClassName: "fast" }),
      [],
      "wait ExternalProvisioning example.com/disk",
      storageClass("example.com/disk")
    ],
    [
      "that is bound stays so",
      claim({ volumeName: "a" }, { [bindCompleted]: "yes" }),
      [volume("a", { claimRef: ours })],
      "bind a"
    ],
    ["that is bound takes its volume again", claim({ volumeName: "a" }, { [bindCompleted]: "yes" }), [volume("a")], "bind a"],
    ["whose volume is gone is lost", claim({ volumeName: "a" }, { [bindCompleted]: "yes" }), [], "lost ClaimLost"],
    ["that forgot its volume is lost", claim({}, { [bindCompleted]: "yes" }), [volume("a")], "lost ClaimLost"],
    [
      "whose volume is another's is lost",
      claim({ volumeName: "a" }, { [bindCompleted]: "yes" }),
      [volume("a", { claimRef: theirs })],
      "lost ClaimMisbound"
    ]
  ]
  test.each(cases.map((row) => [row[0], row] as const))("%s", (_, [, wanted, volumes, outcome, given]) => {
    const plan = planClaim({ claim: wanted, volumes, storageClass: given })
    const words =
      plan.type === "bind"
        ? [plan.type, plan.volume.metadata?.name]
        : [plan.type, plan.remark?.reason, plan.type === "wait" ? plan.provisioner : undefined]
    expect(words.filter(Boolean).join(" ")).toBe(outcome)
  })
})

describe("a volume", () => {
  const named = (volumeName: string) => claim({ volumeName })
  const cases: ReadonlyArray<
    readonly [what: string, volume: PersistentVolume, claim: PersistentVolumeClaim | undefined, outcome: object]
  > = [
    ["of nobody is free", volume("a"), undefined, { type: "phase", phase: "Available" }],
    [
      "held for a name is free until it comes",
      volume("a", { claimRef: { namespace: "default", name: "data" } }),
      claim(),
      { type: "phase", phase: "Available" }
    ],
    ["is bound when its claim says so", volume("a", { claimRef: ours }), named("a"), { type: "phase", phase: "Bound" }],
    ["waits for its claim to say so", volume("a", { claimRef: ours }), claim(), { type: "claim" }],
    ["is released when its claim is gone", volume("a", { claimRef: ours }), undefined, { type: "phase", phase: "Released" }],
    [
      "is released when another claim has the name",
      volume("a", { claimRef: { ...ours, uid: "older" } }),
      named("a"),
      { type: "phase", phase: "Released" }
    ],
    [
      "of a provisioner is left to it",
      volume(
        "a",
        { claimRef: ours, persistentVolumeReclaimPolicy: "Delete" },
        { metadata: { name: "a", annotations: { "pv.kubernetes.io/provisioned-by": "x" } } }
      ),
      undefined,
      { type: "phase", phase: "Released" }
    ],
    [
      "is held for its name again when its claim has another",
      volume("a", { claimRef: ours }),
      named("b"),
      { type: "unbind", keepsName: true }
    ],
    [
      "that nobody chose is free when its claim has another",
      volume("a", { claimRef: ours }, { metadata: { name: "a", annotations: { [boundByController]: "yes" } } }),
      named("b"),
      { type: "unbind", keepsName: false }
    ]
  ]
  test.each(cases)("%s", (_, given, holder, outcome) => {
    expect(planVolume(given, holder) as object).toEqual(outcome)
  })
  test("that should go and that nobody can delete fails", () => {
    const plan = planVolume(volume("a", { claimRef: ours, persistentVolumeReclaimPolicy: "Delete" }), undefined)
    expect(plan).toMatchObject({ type: "phase", phase: "Failed", remark: { reason: "VolumeFailedDelete" } })
  })
})
