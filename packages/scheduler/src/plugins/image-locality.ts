/** Prefers nodes that have the pod's images already. @module */
import type { Pod } from "@tsukube/api/core-v1"
import type { ImageIndex } from "../image-index.ts"
import type { NodeState } from "../node-state.ts"
import { definePlugin, maxScore, type Plugin } from "../plugin.ts"

const leastBytes = 23 * 1024 * 1024
const mostBytesPerContainer = 1000 * 1024 * 1024

/** `busybox` is `busybox:latest`, as the runtime reports it. */
const withTag = (image: string): string => (image.lastIndexOf(":") <= image.lastIndexOf("/") ? `${image}:latest` : image)

const imagesOf = (pod: Pod): ReadonlyArray<string> =>
  [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].flatMap(({ image }) => (image ? [withTag(image)] : []))

interface State {
  readonly images: ReadonlyArray<string>
  readonly index: ImageIndex
}

/** Bytes that the images save on a node, less where few nodes have them, so that one node does not draw everything. */
const scoreOf = ({ images, index }: State, node: NodeState): number => {
  const most = mostBytesPerContainer * images.length
  let sum = 0
  for (const image of images) {
    const onNodes = index.get(image)
    const bytes = onNodes?.get(node.name)
    if (onNodes !== undefined && bytes !== undefined) sum += Math.trunc((bytes * onNodes.size) / index.nodes)
  }
  return Math.trunc((maxScore * (Math.min(Math.max(sum, leastBytes), most) - leastBytes)) / (most - leastBytes))
}

/** Upstream's ImageLocality. */
export const imageLocality: Plugin = definePlugin<undefined, State>({
  name: "ImageLocality",
  sign: ({ pod }) => imagesOf(pod).join(" "),
  signCluster: ({ pod }, { images }) =>
    imagesOf(pod).some((image) => images.get(image) !== undefined) ? String(images.epoch) : "",
  preScore: ({ pod }, _, snapshot) => {
    const images = imagesOf(pod)
    if (images.every((image) => snapshot.images.get(image) === undefined)) return { skip: true }
    return { state: { images, index: snapshot.images } }
  },
  score: (_, node, state) => scoreOf(state, node)
})
