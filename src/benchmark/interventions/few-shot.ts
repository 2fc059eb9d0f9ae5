// Few-shot: the model reads demonstrations of the source before each prompt; nothing is trained.

import { withDemonstrations } from "../../data/index.ts"
import type { OptionSpecs, OptionValues } from "../../base/options.ts"
import type { InterventionKind } from "./contract.ts"
import { ofGeniesLikelihood, zeroShotRanking } from "./likelihood.ts"
import { fitRanking, rankingRevision, type Ranking } from "./ranking.ts"

export const fewShotOptions = {
  shots: { kind: "count", default: 4, description: "demonstrations before every prompt" },
  redraw: {
    kind: "flag",
    default: false,
    description: "draw other demonstrations for every item, as GENIES does",
  },
} as const satisfies OptionSpecs

/**
 * Zero-shot ranking after demonstrations: prompts of the source with their better responses, drawn by the seed.
 *
 * One set for all items, which the packed rows run once, unless `redraw`. Items that do not fit the context with their
 * demonstrations are left out and counted.
 *
 * Source: GENIES, interventions/few_shot, which redraws for every item, unseeded
 */
export const fewShot: InterventionKind = {
  name: "few-shot",
  description: "zero-shot after demonstrations from the source",
  departures: [
    {
      from: "GENIES",
      there: "demonstrations are redrawn for every item, without a seed",
      here: "one seeded set (`redraw` draws others for every item)",
    },
    ...ofGeniesLikelihood,
  ],
  options: fewShotOptions,
  make(values) {
    const { shots, redraw } = values as OptionValues<typeof fewShotOptions>
    return {
      name: fewShot.name,
      description: fewShot.description,
      options: values,
      revision: rankingRevision,
      responsesOf: ({ seed }, source, read) =>
        // A source with too few examples cannot be fitted on, which is said then.
        source.examples.length > shots ? withDemonstrations(read, source, { shots, redraw, seed }) : read,
      async fit(bench, source) {
        const ranking: Ranking = {
          describe: `${zeroShotRanking.describe}, after ${shots} demonstration${shots === 1 ? "" : "s"} from ${source.id}${redraw ? ", redrawn for every item" : ""}`,
          advice: "show fewer demonstrations (--set few-shot.shots=1)",
          async score(where, distribution) {
            const shown = withDemonstrations(distribution, source, { shots, redraw, seed: bench.seed })
            return await zeroShotRanking.score(where, shown)
          },
        }
        return await fitRanking(bench, source, ranking)
      },
    }
  },
}
