/** Validation of Events of both groups. @module */
import { type FieldError, invalid, required } from "../field-error.ts"
import { isQualifiedName } from "../name.ts"
import type { Event as CoreEvent } from "../types/core-v1.ts"
import type { Event } from "../types/events-v1.ts"
import type { Findings, Loose } from "./findings.ts"
import { frozen } from "./rule.ts"

const maxText = 128
const maxMessage = 1024

/** The parts that events of both groups have, under their names in the core group, which upstream's paths use. */
interface Report {
  readonly namespace: string
  readonly about: string
  readonly isNew: boolean
  readonly controller: { readonly field: string; readonly name: string }
  readonly instance: string
  readonly action: string
  readonly reason: string
  readonly message: string
}

/** An Event of the core group. Those with an `eventTime` are held to the newer rules. */
export function* validateCoreEvent({ metadata, involvedObject, ...event }: Loose<CoreEvent>): Findings {
  yield* validateReport({
    namespace: metadata?.namespace ?? "",
    about: involvedObject?.namespace ?? "",
    isNew: event.eventTime !== undefined,
    controller: { field: "reportingComponent", name: event.reportingComponent ?? "" },
    instance: event.reportingInstance ?? "",
    action: event.action ?? "",
    reason: event.reason ?? "",
    message: event.message ?? ""
  })
}

function* validateReport(report: Report): Findings {
  const { namespace, about, isNew, controller } = report
  // What is about a thing without a namespace stands in `default`; newer reports may also stand in `kube-system`.
  const home =
    about === ""
      ? namespace === "default" || namespace === "" || (isNew && namespace === "kube-system")
      : isNew || about === namespace
  if (!home) yield invalid("involvedObject.namespace", about, "does not match event.namespace")
  if (!isNew) return
  if (controller.name === "") yield required(controller.field)
  for (const sentence of isQualifiedName(controller.name)) yield invalid(controller.field, controller.name, sentence)
  yield* bounded("reportingInstance", report.instance)
  yield* bounded("action", report.action)
  yield* bounded("reason", report.reason)
  if (report.message.length > maxMessage) yield invalid("message", "", `can have at most ${maxMessage} characters`)
}

function* bounded(field: string, value: string): Findings {
  if (value === "") yield required(field)
  if (value.length > maxText) yield invalid(field, "", `can have at most ${maxText} characters`)
}

/** An Event of events.k8s.io that is about to be created. */
export function* validateEvent({ metadata, regarding, ...event }: Loose<Event>): Findings {
  yield* validateReport({
    namespace: metadata?.namespace ?? "",
    about: regarding?.namespace ?? "",
    isNew: event.eventTime !== undefined,
    controller: { field: "reportingController", name: event.reportingController ?? "" },
    instance: event.reportingInstance ?? "",
    action: event.action ?? "",
    reason: event.reason ?? "",
    message: event.note ?? ""
  })
  yield* validateSeries(event.series)
  if (event.eventTime === undefined) yield required("eventTime")
  if (event.type !== "Normal" && event.type !== "Warning") yield invalid("type", "", `has invalid value: ${event.type ?? ""}`)
  const unset = (field: string): FieldError => invalid(field, "", "needs to be unset")
  if (event.deprecatedFirstTimestamp !== undefined) yield unset("firstTimestamp")
  if (event.deprecatedLastTimestamp !== undefined) yield unset("lastTimestamp")
  if ((event.deprecatedCount ?? 0) !== 0) yield unset("count")
  if ((event.deprecatedSource?.component ?? "") !== "" || (event.deprecatedSource?.host ?? "") !== "") yield unset("source")
}

function* validateSeries(series: Loose<NonNullable<Event["series"]>> | undefined): Findings {
  if (series === undefined) return
  if ((series.count ?? 0) < 2) yield invalid("series.count", "", "should be at least 2")
  if (series.lastObservedTime === undefined) yield required("series.lastObservedTime")
}

const fixed = frozen(
  ...["regarding", "reason", "note", "deprecatedSource", "deprecatedFirstTimestamp", "deprecatedLastTimestamp"],
  ...["deprecatedCount", "type", "eventTime", "action", "related", "reportingController", "reportingInstance"]
)
const coreNames: Readonly<Record<string, string>> = {
  regarding: "involvedObject",
  note: "message",
  deprecatedSource: "source",
  deprecatedFirstTimestamp: "firstTimestamp",
  deprecatedLastTimestamp: "lastTimestamp",
  deprecatedCount: "count"
}

/** Only the series of a report goes on. */
export function* validateEventUpdate(event: Loose<Event>, old: Loose<Event>): Findings {
  yield* validateSeries(event.series)
  for (const finding of fixed(event, old)) yield { ...finding, field: coreNames[finding.field] ?? finding.field }
}
