/** Prefers nodes that have the pod's images already. @module */
import type { Pod } from "@tsukube/api/core-v1"
import { definePlugin, maxScore, type Plugin } from "../plugin.ts"
import type { NodeState, Snapshot } from "../snapshot.ts"

const leastBytes = 23 * 1024 * 1024
const mostBytesPerContainer = 1000 * 1024 * 1024

/** `busybox` is `busybox:latest`, as the runtime reports it. */
const withTag = (image: string): string => (image.lastIndexOf(":") <= image.lastIndexOf("/") ? `${image}:latest` : image)

const imagesOf = (pod: Pod): ReadonlyArray<string> =>
  [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].flatMap(({ image }) => (image ? [withTag(image)] : []))

/** Bytes that each image saves on a node, less where few nodes have it, so that one node does not draw everything. */
const savings = (images: ReadonlyArray<string>, snapshot: Snapshot): ReadonlyMap<string, ReadonlyMap<string, number>> => {
  const byImage = new Map<string, Map<string, number>>()
  for (const node of snapshot.nodes.values()) {
    for (const { names = [], sizeBytes = 0 } of node.node.status?.images ?? []) {
      for (const name of names) {
        if (!images.includes(name)) continue
        const onNodes = byImage.get(name) ?? new Map<string, number>()
        byImage.set(name, onNodes.set(node.name, sizeBytes))
      }
    }
  }
  const total = snapshot.nodes.size
  for (const onNodes of byImage.values()) {
    for (const [node, bytes] of onNodes) onNodes.set(node, Math.trunc((bytes * onNodes.size) / total))
  }
  return byImage
}

interface State {
  readonly images: ReadonlyArray<string>
  readonly byImage: ReadonlyMap<string, ReadonlyMap<string, number>>
}

const scoreOf = ({ images, byImage }: State, node: NodeState): number => {
  const most = mostBytesPerContainer * images.length
  const sum = images.reduce((bytes, image) => bytes + (byImage.get(image)?.get(node.name) ?? 0), 0)
  return Math.trunc((maxScore * (Math.min(Math.max(sum, leastBytes), most) - leastBytes)) / (most - leastBytes))
}

/** Upstream's ImageLocality. */
export const imageLocality: Plugin = definePlugin<undefined, State>({
  name: "ImageLocality",
  preScore: ({ pod }, _, snapshot) => {
    const images = imagesOf(pod)
    const byImage = savings(images, snapshot)
    return byImage.size === 0 ? { skip: true } : { state: { images, byImage } }
  },
  score: (_, node, state) => scoreOf(state, node)
})
