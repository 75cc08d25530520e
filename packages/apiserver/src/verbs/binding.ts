/** POST of a Binding: the scheduler's word on which node a pod goes to. @module */
import { conflict, type FieldError, fieldError, invalid, setCondition } from "@tsukube/api"
import { type Binding, type Pod, type PodStatus, pods } from "@tsukube/api/core-v1"
import { readBody } from "../decode/body.ts"
import { decodeObject } from "../decode/object.ts"
import { readWriteOptions } from "../decode/write-options.ts"
import type { RequestContext } from "../request.ts"
import { type Served, servedOf } from "../served.ts"
import { type Serving, timestamp } from "../serving.ts"
import { keyOf, type StoredObject } from "../stored.ts"
import { changeStored, type Decision } from "../write.ts"
import { doneResponse } from "./status-answer.ts"

const kind = { group: "", version: "v1", kind: "Binding", schema: "io.k8s.api.core.v1.Binding" }
/** What conflicts name: the part, not the pod alone. */
const resource = { group: "", plural: "pods/binding" }

const checkTarget = ({ target = {}, metadata }: Binding): void => {
  const errors: Array<FieldError> = []
  if (target.kind !== undefined && target.kind !== "" && target.kind !== "Node") {
    errors.push(fieldError.notSupported("target.kind", target.kind, ["Node", "<empty>"]))
  }
  if ((target.name ?? "") === "") errors.push(fieldError.required("target.name"))
  if (errors.length > 0) throw invalid(kind, metadata?.name ?? "", errors)
}

const bind = (pod: Pod, binding: Binding, now: number): Pod => {
  const name = pod.metadata?.name ?? ""
  const { uid = "", resourceVersion = "", annotations } = binding.metadata ?? {}
  if (uid !== "" && uid !== pod.metadata?.uid) {
    throw conflict(resource, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata?.uid}`)
  }
  if (resourceVersion !== "" && resourceVersion !== pod.metadata?.resourceVersion) throw conflict(resource, name)
  if (pod.metadata?.deletionTimestamp !== undefined) {
    throw conflict(resource, name, `pod ${name} is being deleted, cannot be assigned to a host`)
  }
  if (pod.spec === undefined || (pod.spec.nodeName ?? "") !== "") {
    throw conflict(resource, name, `pod ${name} is already assigned to node ${JSON.stringify(pod.spec?.nodeName)}`)
  }
  if ((pod.spec.schedulingGates ?? []).length > 0)
    throw conflict(resource, name, `pod ${name} has non-empty .spec.schedulingGates`)
  const condition = { type: "PodScheduled", status: "True" as const, lastTransitionTime: timestamp(now) }
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...(annotations === undefined ? {} : { annotations: { ...pod.metadata?.annotations, ...annotations } }),
      ...(pod.metadata?.generation === undefined ? {} : { generation: pod.metadata.generation })
    },
    spec: { ...pod.spec, nodeName: binding.target.name ?? "" },
    // Where it was meant to go is of no use once it is there.
    status: {
      ...withoutNomination(pod.status),
      conditions: setCondition(pod.status?.conditions ?? [], condition, timestamp(now))
    }
  }
}

const withoutNomination = ({ nominatedNodeName: _, ...status }: PodStatus = {}): PodStatus => status

/** Answers POST of `pods/NAME/binding` and of `bindings`, which names the pod in its metadata. */
export const bindPod = async (serving: Serving, context: RequestContext, _served: Served): Promise<Response> => {
  const options = readWriteOptions(context.url.searchParams, "CreateOptions")
  const binding = decodeObject(context, await readBody(context), kind, options.fieldValidation) as Binding
  checkTarget(binding)
  const name = context.info.name || (binding.metadata?.name ?? "")
  const key = keyOf(pods, context.info.namespace, name)
  const decide = ({ object }: StoredObject): Decision => ({ store: bind(object as Pod, binding, serving.now()) })
  await changeStored(serving, servedOf(pods), key, decide, options.dryRun)
  return doneResponse(context)
}
