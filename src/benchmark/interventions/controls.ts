// Controls: what an intervention must beat to have learnt anything about the responses' content.

import type { InterventionKind } from "./contract.ts"
import { rankingKind, type Ranking } from "./ranking.ts"

/** Length in code points, as `chooseLonger` counts. */
export const lengthRanking: Ranking = {
  describe: "length of the response",
  score: async (_bench, { examples }) =>
    examples.flatMap(({ index, responses }) =>
      responses.map(({ text, label }, response) => ({
        example: index,
        response,
        label,
        score: Array.from(text).length,
      })),
    ),
}

/** Prefers the longer response; a tie where both are equally long. */
export const longer = rankingKind(
  { name: "longer", description: "chooses the longer response", traits: { alwaysRun: "reference" } },
  {},
  () => lengthRanking,
)

/** p = ½ for every pair: all are ties, each worth half a right answer. */
export const random: InterventionKind = {
  name: "random",
  description: "p = ½ for every pair",
  departures: [],
  traits: { measuresCapability: false },
  options: {},
  make: (options) => ({
    name: random.name,
    description: random.description,
    options,
    seedless: true,
    fit: async () => ({
      summary: "p = ½ for every pair",
      score: async (_bench, _target, pairs) => ({
        pairs,
        logits: new Float64Array(pairs.length),
        probabilities: new Float64Array(pairs.length).fill(0.5),
      }),
    }),
  }),
}
