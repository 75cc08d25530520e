/** What a cluster must bring along. @module */
import { readyNodes } from "../sig-scheduling/predicates.ts"
import { type ConformanceTest, expectThat } from "../suite.ts"

const twoNodes: ConformanceTest = {
  name: "[sig-architecture] Conformance Tests should have at least two untainted nodes",
  run: async (cluster) => {
    const ready = await readyNodes(cluster)
    expectThat(ready.length >= 2, `nodes that are ready and untainted: ${ready.length}`)
  }
}

export const architecture: ReadonlyArray<ConformanceTest> = [twoNodes]
