import { storeContract } from "./contract.ts"
import { layerMemory } from "./memory.ts"

storeContract("memory", layerMemory)
