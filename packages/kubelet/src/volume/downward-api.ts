/** What a pod is told about itself, as files. @module */
import type { DownwardAPIVolumeFile } from "@tsukube/api/core-v1"
import { containerNamed, type DownwardFacts, fieldValue, resourceValue } from "../downward.ts"
import type { VolumeFile } from "./files.ts"

const encoder = new TextEncoder()

/** The files of a downward API volume. */
export const downwardFiles = (
  items: ReadonlyArray<DownwardAPIVolumeFile> | undefined,
  facts: DownwardFacts,
  defaultMode: number
): ReadonlyArray<VolumeFile> =>
  (items ?? []).map(({ path, mode, fieldRef, resourceFieldRef }) => {
    const text =
      fieldRef !== undefined
        ? fieldValue(facts, fieldRef)
        : resourceFieldRef !== undefined
          ? resourceValue(facts, containerNamed(facts.pod, resourceFieldRef.containerName), resourceFieldRef)
          : ""
    return { path, content: encoder.encode(text), mode: mode ?? defaultMode }
  })
