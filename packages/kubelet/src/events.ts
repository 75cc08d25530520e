/** Events about pods and their containers. @module */
import type { ObjectReference, Pod } from "@tsukube/api/core-v1"
import type { EventRecorder } from "@tsukube/reconciler"

/** A reference to one container of a pod, as `kubectl describe` shows it: `spec.containers{web}`. */
export const containerReference = (pod: Pod, name: string): ObjectReference => {
  const isIn = (list: ReadonlyArray<{ readonly name: string }> | undefined) =>
    list?.some((container) => container.name === name) === true
  const list = isIn(pod.spec?.initContainers)
    ? "initContainers"
    : isIn(pod.spec?.ephemeralContainers)
      ? "ephemeralContainers"
      : "containers"
  const { namespace, name: podName, uid, resourceVersion } = pod.metadata ?? {}
  return {
    apiVersion: "v1",
    kind: "Pod",
    fieldPath: `spec.${list}{${name}}`,
    ...(namespace === undefined ? {} : { namespace }),
    ...(podName === undefined ? {} : { name: podName }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion })
  }
}

/** Says something about a container. */
export const containerEvent = (
  recorder: EventRecorder,
  pod: Pod,
  name: string,
  type: "Normal" | "Warning",
  reason: string,
  message: string
): void => recorder.event(containerReference(pod, name), type, reason, message)
