import { layerCached } from "./cache.ts"
import { storeContract } from "./contract.ts"
import { layerMemory } from "./memory.ts"

storeContract("memory", layerMemory)
storeContract("cache over memory", layerCached(layerMemory))
storeContract("small cache over memory", layerCached(layerMemory, { historyLimit: 10 }))
