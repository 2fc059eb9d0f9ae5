// npm run bench [-- forward packing training memory probes ccs coverage tokenizers large]: speed as ratios to something measured in the same run, and memory.

import { benchCcs } from "./ccs.ts"
import { benchCoverage } from "./coverage.ts"
import { benchForward } from "./forward.ts"
import { benchLarge } from "./large.ts"
import { benchMemory } from "./memory.ts"
import { benchPacking } from "./packing.ts"
import { benchProbes } from "./probes.ts"
import { benchTokenizers } from "./tokenizers.ts"
import { benchTraining } from "./training.ts"

const benches: Readonly<Record<string, (full: boolean) => Promise<void>>> = {
  forward: benchForward,
  packing: benchPacking,
  training: benchTraining,
  memory: benchMemory,
  probes: benchProbes,
  ccs: benchCcs,
  coverage: benchCoverage,
  tokenizers: benchTokenizers,
  large: benchLarge,
}

const asked = process.argv.slice(2).filter((name) => !name.startsWith("-"))
const full = process.argv.includes("--full")
for (const name of asked.length > 0 ? asked : Object.keys(benches)) {
  const bench = benches[name]
  if (!bench) throw new Error(`unknown benchmark ${name}; known: ${Object.keys(benches).join(", ")}`)
  await bench(full)
}
