/** Which nodes have an image, kept up to date node by node. @module */
import type { Node } from "@tsukube/api/core-v1"

type Images = NonNullable<Node["status"]>["images"]

/** Image names with the bytes they take on each node that has them. */
export class ImageIndex {
  /** Changes when a score by images may have changed on any node. */
  epoch = 0
  /** Known nodes. */
  nodes = 0
  readonly #byName = new Map<string, Map<string, number>>()
  readonly #ofNode = new Map<string, ReadonlyArray<string>>()

  /** The nodes that have an image, with its size there. */
  get(image: string): ReadonlyMap<string, number> | undefined {
    return this.#byName.get(image)
  }

  /** Takes over the images of a node; none for a node that has gone. */
  set(nodeName: string, images: Images, nodes: number): void {
    for (const image of this.#ofNode.get(nodeName) ?? []) {
      const onNodes = this.#byName.get(image)
      onNodes?.delete(nodeName)
      if (onNodes?.size === 0) this.#byName.delete(image)
    }
    const names: Array<string> = []
    for (const { names: all = [], sizeBytes = 0 } of images ?? []) {
      for (const image of all) {
        names.push(image)
        const onNodes = this.#byName.get(image) ?? new Map<string, number>()
        this.#byName.set(image, onNodes.set(nodeName, sizeBytes))
      }
    }
    if (names.length > 0) this.#ofNode.set(nodeName, names)
    else this.#ofNode.delete(nodeName)
    this.nodes = nodes
    this.epoch++
  }
}
