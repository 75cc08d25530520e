/** What is said to a pod whose gang has not enough nodes. @module */

/** Upstream's words for a pod that has a node while too few others of its gang have one. */
export const waitingForGang = "waiting for minCount pods from a gang to be scheduled"
