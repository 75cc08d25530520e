/** Chooses the parts of a server from its options: who may come in, what they may do, how objects are printed and reached. @module */
import { StatusError } from "@tsukube/api"
import type { ApiserverOptions } from "./options.ts"
import type { Parts, Registry } from "./request.ts"

/** The parts a server of these options has. The registry is live: it may be read at any time later. */
export const makeParts = async (_options: ApiserverOptions, _registry: Registry): Promise<Parts> => ({
  authenticator: async () => undefined,
  authorizer: async (user) => ({ allowed: user.groups.includes("system:masters") }),
  toTable: (objects) => ({ columnDefinitions: [], rows: objects.map(() => ({ cells: [] })) }),
  routes: [],
  reviews: {},
  connect: {},
  tokens: async () => {
    throw new Error(`no token signer (${StatusError.name})`)
  },
  bootstrap: []
})
