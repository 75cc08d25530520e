/** A Job finds its pods by labels that nobody else has, unless it is told to use a selector of its own. @module */
import { fieldError, invalid, labelSelectorFrom, matchesLabels } from "@tsukube/api"
import { type Job, jobs as resource } from "@tsukube/api/batch-v1"
import type { Strategy } from "./strategy.ts"

const uidLabel = "batch.kubernetes.io/controller-uid"
const nameLabel = "batch.kubernetes.io/job-name"

export const jobs: Strategy<Job> = {
  generation: true,
  orphansDependents: true,
  create: (job) => {
    const { spec } = job
    if (spec === undefined || spec.manualSelector === true) return job
    const { uid = "", name = "" } = job.metadata ?? {}
    const template = spec.template ?? {}
    // The names without a prefix are what older tools select by.
    const own = { [uidLabel]: uid, "controller-uid": uid, [nameLabel]: name, "job-name": name }
    const selector = { ...spec.selector, matchLabels: { [uidLabel]: uid, ...spec.selector?.matchLabels } }
    if (!matchesLabels(labelSelectorFrom(selector), own)) {
      throw invalid(resource, name, [fieldError.invalid("spec.selector", selector, "`selector` not auto-generated")])
    }
    const labels = { ...template.metadata?.labels, ...own }
    // Labels of its own default to its pods': those are only known here.
    const bare = Object.keys(job.metadata?.labels ?? {}).length === 0
    return {
      ...job,
      metadata: { ...job.metadata, ...(bare ? { labels } : {}) },
      spec: { ...spec, selector, template: { ...template, metadata: { ...template.metadata, labels } } }
    }
  }
}
