/** What no object can be sent with. @module */

/** What keeps a pod going is not for containers that are for looking around. */
export const unfitForEphemeral: ReadonlyArray<string> = [
  "lifecycle",
  "livenessProbe",
  "ports",
  "readinessProbe",
  "resizePolicy",
  "resources",
  "restartPolicy",
  "restartPolicyRules",
  "startupProbe"
]

const core = "io.k8s.api.core.v1."
const jsonSchema = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps."

/** Fields that are refused or not kept wherever they are sent. */
export const unsettable: ReadonlyArray<string> = [
  // But for `resources: {}`, which every container has.
  ...unfitForEphemeral.filter((field) => field !== "resources").map((field) => `${core}EphemeralContainer.${field}`),
  // Only of the one that is there from the start.
  ...["lendablePercent", "nominalConcurrencyShares"].map(
    (field) => `io.k8s.api.flowcontrol.v1.ExemptPriorityLevelConfiguration.${field}`
  ),
  "io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec.exempt",
  // No longer kept.
  `${core}NodeSpec.configSource`,
  `${core}NodeStatus.config`,
  ...["active", "assigned", "error", "lastKnownGood"].map((field) => `${core}NodeConfigStatus.${field}`),
  ...["kubeletConfigKey", "name", "namespace"].map((field) => `${core}ConfigMapNodeConfigSource.${field}`),
  `${core}NodeConfigSource.configMap`,
  // Of pods without a node.
  `${core}PodStatus.nominatedNodeName`,
  "io.k8s.api.discovery.v1.Endpoint.deprecatedTopology",
  // Behind a gate that is off.
  `${core}TypedObjectReference.namespace`,
  // Written only: it becomes `data`.
  `${core}Secret.stringData`,
  // Of core/v1 alone.
  ...["Count", "FirstTimestamp", "LastTimestamp", "Source"].map((field) => `io.k8s.api.events.v1.Event.deprecated${field}`),
  // What a structural schema may not have.
  ...["$ref", "$schema", "additionalItems", "definitions", "dependencies", "id", "patternProperties"].map(
    (field) => jsonSchema + field
  )
]
