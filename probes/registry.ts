// Every probe by its name: one import and one line each.

import { unknownName } from "../src/base/errors.ts"
import { attention } from "./attention.ts"
import { ccsLeaky } from "./ccs-leaky.ts"
import { ccs } from "./ccs.ts"
import { clusterNorm } from "./cluster-norm.ts"
import { cra } from "./cra.ts"
import { crcTpc } from "./crc-tpc.ts"
import { latMean } from "./lat-mean.ts"
import { lat } from "./lat.ts"
import { lda } from "./lda.ts"
import { logisticRegression } from "./logistic-regression.ts"
import { massMeanShift } from "./mass-mean-shift.ts"
import { massMean } from "./mass-mean.ts"
import { meanEmbedding } from "./mean-embedding.ts"
import { mlp } from "./mlp.ts"
import type { Probe } from "./contract/probe.ts"
import { randomDirection } from "./random-direction.ts"
import { responseLength } from "./response-length.ts"
import { shuffledLabels } from "./shuffled-labels.ts"
import { ttpd } from "./ttpd.ts"
import { vinc } from "./vinc.ts"

const all = [
  massMeanShift,
  massMean,
  lda,
  logisticRegression,
  lat,
  latMean,
  cra,
  ttpd,
  ccs,
  ccsLeaky,
  crcTpc,
  vinc,
  clusterNorm,
  attention,
  mlp,
  meanEmbedding,
  randomDirection,
  shuffledLabels,
  responseLength,
] as const satisfies readonly Probe[]

export const probes: readonly Probe[] = all

/** The options of every probe, by its name. */
export type ProbeOptions = { readonly [Kind in (typeof all)[number] as Kind["name"]]: Kind["options"] }

/** The probe of that name. */
export function findProbe(name: string): Probe {
  const found = probes.find((probe) => probe.name === name)
  if (!found)
    throw unknownName(
      "intervention",
      name,
      probes.map((probe) => probe.name),
    )
  return found
}
