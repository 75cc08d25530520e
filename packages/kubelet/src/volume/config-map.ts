/** Config maps as files. @module */
import type { ConfigMap, KeyToPath } from "@tsukube/api/core-v1"
import { filesOfKeys, VolumeError, type VolumeFile } from "./files.ts"

/** Which config map, and how. */
export interface ConfigMapSource {
  readonly name?: string
  readonly items?: ReadonlyArray<KeyToPath>
  readonly optional?: boolean
}

const encoder = new TextEncoder()

/** The files of a config map; of a missing optional one there are none. */
export const configMapFiles = (
  source: ConfigMapSource,
  configMap: ConfigMap | undefined,
  defaultMode: number
): ReadonlyArray<VolumeFile> => {
  const optional = source.optional === true
  if (configMap === undefined && !optional) throw new VolumeError(`configmap "${source.name ?? ""}" not found`)
  const text = Object.entries(configMap?.data ?? {}).map(([key, value]) => [key, encoder.encode(value)] as const)
  const binary = Object.entries(configMap?.binaryData ?? {}).map(
    ([key, value]) => [key, new Uint8Array(Buffer.from(value, "base64"))] as const
  )
  return filesOfKeys(new Map([...text, ...binary]), source.items, { defaultMode, optional })
}
