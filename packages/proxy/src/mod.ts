/** The front door of @tsukube/proxy: every public name, listed by hand. @module */
export { type ProxyBackend, SyncError, type SyncReport } from "./backend.ts"
export { conntrackArguments, forgetFlows, type StaleFlow, staleFlows } from "./conntrack.ts"
export type { Endpoint, EndpointChoice } from "./endpoints.ts"
export { type IptablesOptions, iptablesBackend } from "./iptables/apply.ts"
export { diffRules, emptyRuleSet, type RuleChange, type RuleSet, restoreText } from "./iptables/rule-set.ts"
export { proxyRules, type RuleOptions } from "./iptables/rules.ts"
export { type Machine, type Outcome, type Packet, walk } from "./iptables/walk.ts"
export { emptyState, type Protocol, type ProxyNode, type ProxyState, proxyState, type ServicePortState } from "./state.ts"
