// Fields of tokenizer_config.json that say what tokenizer.json says too. transformers 5 goes by tokenizer.json, and
// transformers 4 by the field in some classes: where the two contradict each other, the field is refused by name.

import type { Fields } from "./fields.ts"
import type { Surroundings } from "./post-processor.ts"
import { roleOf, type SettingsFields } from "./settings.ts"

/** Classes that in transformers 4 put start and end tokens around texts by these fields alone. */
const startsByField = /^(Llama|CodeLlama|Gemma|Cohere)Tokenizer(Fast)?$/

/** Whether the class builds its pre-tokenizer from add_prefix_space, false by default, whatever tokenizer.json has. */
export function cutsByField({ config }: SettingsFields): boolean {
  return /^GPT2Tokenizer(Fast)?$/.test(String(config?.raw("tokenizer_class")))
}

/**
 * @param file - tokenizer.json
 * @param idOf - the id of a token's text
 * @throws {LitmusError} naming a field that contradicts tokenizer.json
 */
export function checkAgreement(
  files: SettingsFields,
  file: Fields,
  { before, after }: Surroundings,
  idOf: (token: string) => number | undefined,
): void {
  const { config } = files
  if (!config) return
  if (startsByField.test(String(config.raw("tokenizer_class")))) {
    const has = (ids: readonly number[], role: string): boolean =>
      ids.some((id) => id === idOf(roleOf(files, role) ?? ""))
    agree(config, "add_bos_token", has(before, "bos_token"), "post_processor")
    agree(config, "add_eos_token", has(after, "eos_token"), "post_processor")
  }
  const prefix = prefixSpace(file)
  if (prefix !== undefined && !cutsByField(files)) agree(config, "add_prefix_space", prefix, "pre_tokenizer")
  const bert = partsOf(file, "normalizer", "normalizers").find(({ type }) => type === "BertNormalizer")
  if (bert) {
    agree(config, "do_lower_case", bert.boolean("lowercase"), "normalizer")
    agree(config, "strip_accents", bert.boolean("strip_accents", bert.boolean("lowercase")), "normalizer")
    agree(config, "tokenize_chinese_chars", bert.boolean("handle_chinese_chars"), "normalizer")
  } else if (config.raw("do_lower_case") === true) {
    const lowers = partsOf(file, "normalizer", "normalizers").some(({ type }) => type === "Lowercase")
    agree(config, "do_lower_case", lowers, "normalizer")
  }
}

function agree(config: Fields, name: string, inFile: boolean, part: string): void {
  if (!config.has(name) || config.boolean(name) === inFile) return
  config.refuse(name, `${part} of tokenizer.json says ${inFile}; make them agree`)
}

/** Whether a space is put before texts; undefined where tokenizer.json has no construct for it. */
function prefixSpace(file: Fields): boolean | undefined {
  if (partsOf(file, "normalizer", "normalizers").some(({ type }) => type === "Prepend")) return true
  const cutters = partsOf(file, "pre_tokenizer", "pretokenizers")
  const metaspace = cutters.find(({ type }) => type === "Metaspace")
  if (metaspace) {
    return metaspace.raw("prepend_scheme") !== "never" && metaspace.raw("add_prefix_space") !== false
  }
  return cutters.find(({ type }) => type === "ByteLevel")?.boolean("add_prefix_space")
}

/** The construct under a name, or those of its sequence. */
function partsOf(file: Fields, name: string, parts: string): Fields[] {
  const fields = file.child(name)
  if (!fields) return []
  return fields.type === "Sequence" ? fields.children(parts) : [fields]
}
