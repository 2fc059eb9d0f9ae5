// The fields of adapter_config.json. Every field is read, known to have no effect on what is computed here, or switched
// off; anything else is refused by name, because it may change the result.
// Source: huggingface/peft 0.21, src/peft/config.py, tuners/lora/config.py, tuners/prompt_tuning/config.py.

import { LitmusError } from "../base/errors.ts"

type Fields = Readonly<Record<string, unknown>>

const read = {
  LORA: [
    "peft_type",
    "r",
    "lora_alpha",
    "use_rslora",
    "rank_pattern",
    "alpha_pattern",
    "modules_to_save",
    "trainable_token_indices",
    "ensure_weight_tying",
    "fan_in_fan_out",
    "init_lora_weights",
    "bias",
    "task_type",
  ],
  PROMPT_TUNING: ["peft_type", "num_virtual_tokens", "num_transformer_submodules", "modules_to_save"],
} as const

const tensorsSay = "the tensors say which modules are adapted"
const training = "it acts only while training"
const origin = "it says where the adapter comes from"
const initialisation = "it says how the adapter was initialised, and its tensors are there"
const partOf = (field: string): string => `it is an option of ${field}, which is refused unless it is off`

/** Fields that are ignored whatever their value, and why. */
export const ignoredFields: Readonly<Record<string, string>> = {
  base_model_name_or_path: origin,
  revision: origin,
  peft_version: origin,
  task_type: origin,
  auto_mapping: "it names Python classes",
  inference_mode: "adapters are never trained further here",
  lora_dropout: training,
  target_modules: tensorsSay,
  exclude_modules: tensorsSay,
  layers_to_transform: tensorsSay,
  layers_pattern: tensorsSay,
  loftq_config: initialisation,
  eva_config: initialisation,
  corda_config: initialisation,
  lora_ga_config: initialisation,
  megatron_core: partOf("megatron_config"),
  qalora_group_size: partOf("use_qalora"),
  runtime_config: "it says where PEFT computes, not what",
  prompt_tuning_init: initialisation,
  prompt_tuning_init_text: initialisation,
  tokenizer_name_or_path: initialisation,
  tokenizer_kwargs: initialisation,
  token_dim: "the tensors say it",
  num_attention_heads: "prompt tuning does not use it",
  num_layers: "prompt tuning does not use it",
}

/** Initialisations that leave the base's weights as they are. */
const initialisations: readonly unknown[] = [undefined, null, true, false, "gaussian", "orthogonal", "eva"]

/**
 * Checks that nothing in the configuration changes what is computed in a way that is not understood.
 *
 * @throws {LitmusError} that names the field
 */
export function checkPeftFields(path: string, config: Fields): void {
  const { peft_type: kind } = config
  if (kind !== "LORA" && kind !== "PROMPT_TUNING") {
    throw new LitmusError(`${path}: peft_type: expected LORA or PROMPT_TUNING, got ${JSON.stringify(kind)}`)
  }
  const known: readonly string[] = read[kind]
  for (const [field, value] of Object.entries(config)) {
    if (!known.includes(field) && !Object.hasOwn(ignoredFields, field) && !isOff(value)) {
      throw new LitmusError(`${path}: ${field} is not supported, got ${brief(value)}`)
    }
  }
  const { init_lora_weights: start, bias = "none", num_transformer_submodules: parts } = config
  if (!initialisations.includes(start)) {
    throw new LitmusError(
      `${path}: init_lora_weights ${brief(start)} is not supported: it may change the base's weights`,
    )
  }
  if (bias !== null && bias !== "none") {
    throw new LitmusError(`${path}: bias: expected "none", got ${brief(bias)}`)
  }
  if (parts !== undefined && parts !== null && parts !== 1) {
    throw new LitmusError(`${path}: num_transformer_submodules: expected 1, got ${brief(parts)}`)
  }
}

/** PEFT's switches are off when they are null, false or empty. */
function isOff(value: unknown): boolean {
  if (value === null || value === undefined || value === false) return true
  return typeof value === "object" && Object.keys(value).length === 0
}

function brief(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/**
 * A value that depends on the module, as `rank_pattern` and `alpha_pattern` have it: of the first pattern that the whole
 * name or its end after a dot matches.
 *
 * @param field - the pattern's name in the configuration
 * @param fallback - for modules that no pattern matches
 * @throws {LitmusError} if a pattern is no regular expression, or a value no positive number
 */
export function byPattern(
  path: string,
  config: Fields,
  field: "rank_pattern" | "alpha_pattern",
  fallback: number,
): (module: string) => number {
  const patterns = Object.entries(objectOf(path, field, config[field])).map(([pattern, value]) => {
    if (!(typeof value === "number" && Number.isFinite(value) && value > 0)) {
      throw new LitmusError(`${path}: ${field}: ${pattern}: expected a positive number, got ${brief(value)}`)
    }
    return { expression: compile(path, field, pattern), value }
  })
  return (module) => patterns.find(({ expression }) => expression.test(module))?.value ?? fallback
}

function compile(path: string, field: string, pattern: string): RegExp {
  try {
    return new RegExp(`^(.*\\.)?(${pattern})$`)
  } catch (cause) {
    throw new LitmusError(`${path}: ${field}: expected regular expressions, got ${JSON.stringify(pattern)}`, {
      cause,
    })
  }
}

function objectOf(path: string, field: string, value: unknown): object {
  if (value === undefined || value === null) return {}
  if (typeof value === "object" && !Array.isArray(value)) return value
  throw new LitmusError(`${path}: ${field}: expected an object, got ${brief(value)}`)
}

/** The names in `modules_to_save`. */
export function savedModules(path: string, { modules_to_save: names }: Fields): readonly string[] {
  if (names === undefined || names === null) return []
  if (Array.isArray(names) && names.every((name) => typeof name === "string" && name !== "")) return names
  throw new LitmusError(`${path}: modules_to_save: expected a list of names, got ${brief(names)}`)
}

/**
 * The tokens in `trainable_token_indices`, by the end of the module's name.
 *
 * @param embedding - the module that a plain list is of
 */
export function tokenIndices(
  path: string,
  { trainable_token_indices: value }: Fields,
  { embedding, vocabSize }: { embedding: string; vocabSize: number },
): ReadonlyMap<string, readonly number[]> {
  if (value === undefined || value === null) return new Map()
  const lists = Array.isArray(value)
    ? [[embedding, value] as const]
    : Object.entries(objectOf(path, "trainable_token_indices", value))
  return new Map(
    lists.map(([name, list]: readonly [string, unknown]) => {
      const isList = Array.isArray(list) && list.every((id) => Number.isSafeInteger(id) && id >= 0)
      if (!isList || list.some((id) => id >= vocabSize) || new Set(list).size !== list.length) {
        throw new LitmusError(
          `${path}: trainable_token_indices: expected distinct ids of 0 to ${vocabSize - 1}, got ${brief(list)}`,
        )
      }
      return [name, list as readonly number[]]
    }),
  )
}

/** A field that must be a positive number. */
export function positive(path: string, config: Fields, field: string): number {
  const value = config[field]
  if (typeof value === "number" && value > 0) return value
  throw new LitmusError(`${path}: ${field}: expected a positive number, got ${JSON.stringify(value)}`)
}
