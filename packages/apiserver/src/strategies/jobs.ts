/** A Job finds its pods by labels that nobody else has, unless it is told to use a selector of its own. @module */
import type { Job } from "@tsukube/api/batch-v1"
import type { Strategy } from "./strategy.ts"

const uidLabel = "batch.kubernetes.io/controller-uid"
const nameLabel = "batch.kubernetes.io/job-name"

export const jobs: Strategy<Job> = {
  generation: true,
  create: (job) => {
    const { spec } = job
    if (spec === undefined || spec.manualSelector === true) return job
    const { uid = "", name = "" } = job.metadata ?? {}
    const template = spec.template ?? {}
    // The names without a prefix are what older tools select by.
    const labels = { ...template.metadata?.labels, [uidLabel]: uid, "controller-uid": uid, [nameLabel]: name, "job-name": name }
    return {
      ...job,
      spec: {
        ...spec,
        selector: spec.selector ?? { matchLabels: { [uidLabel]: uid } },
        template: { ...template, metadata: { ...template.metadata, labels } }
      }
    }
  }
}
