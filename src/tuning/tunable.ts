// What is trained: which parameters, how they start, and how they enter the decoder. LoRA, prompt tuning and full
// fine-tuning differ here and nowhere else; each trains a score head besides.

import type { AdapterForm, ParameterArray } from "../model/decoder/adapter.ts"
import {
  headName,
  parameterSpecs,
  scoreHead,
  type Architecture,
} from "../model/architectures/architecture.ts"
import type { Bundle } from "../model/bundle/format.ts"
import { readBundleTensor } from "../model/bundle/tensors.ts"
import { plainWeights } from "../model/decoder/weights.ts"
import { random } from "../base/random.ts"
import { initialLora, largestRank, loraFactors, loraForm, type LoraConfig } from "./lora.ts"
import { initialPrompt, promptForm } from "./prompt-tuning.ts"

export type TunableConfig =
  | ({ readonly kind: "lora" } & LoraConfig)
  | { readonly kind: "prompt-tuning"; readonly virtualTokens: number }
  | { readonly kind: "full" }

/** Something that can be trained on a checkpoint. */
export interface Tunable {
  readonly config: TunableConfig
  readonly form: AdapterForm
  /** Initial parameters, the score head `score.weight` last. */
  readonly initial: ReadonlyMap<string, ParameterArray>
}

export { scoreHead } from "../model/architectures/architecture.ts"

/**
 * The parameters and the form of a way of tuning.
 *
 * @param options.source - what is trained on: the score head starts otherwise for every source, so that two adapters agree
 *   for what they learnt, and not for a head that both still have
 */
export async function makeTunable(
  bundle: Bundle,
  config: TunableConfig,
  { nLabels, seed, source }: { nLabels: number; seed: number; source?: string | undefined },
): Promise<Tunable> {
  const { architecture } = bundle
  const initial = await initialParameters(bundle, config, seed)
  initial.set(scoreHead, initialHead(architecture, nLabels, [seed, source]))
  return { config, form: tunableForm(architecture, config), initial }
}

/** How the parameters of a configuration enter the decoder. */
export function tunableForm(architecture: Architecture, config: TunableConfig): AdapterForm {
  switch (config.kind) {
    case "lora":
      return loraForm(loraFactors(architecture, config))
    case "prompt-tuning":
      return promptForm(config)
    case "full":
      return fullForm(architecture)
  }
}

async function initialParameters(
  bundle: Bundle,
  config: TunableConfig,
  seed: number,
): Promise<Map<string, ParameterArray>> {
  switch (config.kind) {
    case "lora":
      return initialLora(bundle.architecture, config, seed)
    case "prompt-tuning":
      return initialPrompt(bundle.architecture, config, seed)
    case "full": {
      const parameters = new Map<string, ParameterArray>()
      for (const { name, shape } of trunkSpecs(bundle.architecture)) {
        parameters.set(name, { shape, data: await readBundleTensor(bundle, name) })
      }
      return parameters
    }
  }
}

/** Normal with deviation 0.02, as Hugging Face initialises a new head. */
function initialHead(
  { dModel }: Architecture,
  nLabels: number,
  [seed, source]: readonly [number, string | undefined],
): ParameterArray {
  const { normal } = random(seed, scoreHead, ...(source === undefined ? [] : [source]))
  return {
    shape: [nLabels, dModel],
    data: Float32Array.from({ length: nLabels * dModel }, () => 0.02 * normal()),
  }
}

/** Every parameter but the output head, which a reward model does not use. */
function trunkSpecs(architecture: Architecture): ReturnType<typeof parameterSpecs> {
  const heads = new Set([scoreHead, ...(architecture.tiedEmbeddings ? [] : [headName(architecture)])])
  return parameterSpecs(architecture).filter(({ name }) => !heads.has(name))
}

function fullForm(architecture: Architecture): AdapterForm {
  return {
    prefixLength: 0,
    apply: (graph, _base, parameter) => plainWeights(graph, architecture, parameter),
  }
}

/** Entries of all dropout masks for one token: dropout is on what goes into LoRA's A. */
export function dropoutWidth({ initial }: Tunable): number {
  return [...initial].reduce(
    (sum, [name, { shape }]) => sum + (name.endsWith(".lora_A.weight") ? shape[1]! : 0),
    0,
  )
}

/** The default rank: the paper's 64, or as much as the narrowest target has. */
export function defaultRank(architecture: Architecture, targets: readonly string[]): number {
  return Math.min(64, largestRank(architecture, targets))
}
