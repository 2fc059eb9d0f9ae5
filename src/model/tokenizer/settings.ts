// What tokenizer_config.json and the files beside it add to tokenizer.json. Every field is on a list here: it is
// followed as transformers 5.18 follows it, or it is known and changes no ids, or it is refused by name.
// Source: transformers, tokenization_utils_base.py and tokenization_utils_tokenizers.py.

import type { SettingsFile, SettingsFiles } from "../checkpoint/tokenizer-files.ts"
import { readAddedToken, type AddedToken } from "./added-tokens.ts"
import { Fields } from "./fields.ts"

/** tokenizer_config.json, special_tokens_map.json and added_tokens.json, each where it exists. */
export interface SettingsFields {
  readonly config?: Fields
  readonly specialTokensMap?: Fields
  readonly addedTokens?: Fields
}

/** @throws {LitmusError} for a file that holds no object */
export function settingsFields({ config, specialTokensMap, addedTokens }: SettingsFiles): SettingsFields {
  const fields = ({ content, path }: SettingsFile): Fields => new Fields(content, path)
  return {
    ...(config && { config: fields(config) }),
    ...(specialTokensMap && { specialTokensMap: fields(specialTokensMap) }),
    ...(addedTokens && { addedTokens: fields(addedTokens) }),
  }
}

export interface Settings {
  /** Tokens to be added to those of tokenizer.json, or to give theirs other flags, in order. */
  readonly added: readonly { readonly token: AddedToken; readonly id?: number; readonly where: string }[]
  /** Tokens with a role (`bos_token` and so on), added where no added token has their text. */
  readonly roles: readonly AddedToken[]
  /** Special tokens in a text are text. */
  readonly splitSpecial: boolean
}

// Fields that change no ids here, by the reason.
const ignored: Readonly<Record<string, string>> = {
  "texts are neither cut nor padded here":
    "model_max_length max_length max_len padding padding_side truncation truncation_side truncation_strategy stride " +
    "pad_to_multiple_of pad_token_type_id model_input_names return_token_type_ids return_attention_mask " +
    "return_overflowing_tokens pad_to_max_length max_model_input_sizes",
  "for conversations, which have their own reader":
    "chat_template response_template response_schema default_chat_template use_default_system_prompt",
  "of decoding alone":
    "clean_up_tokenization_spaces spaces_between_special_tokens errors skip_special_tokens",
  "of the tokenizer's making: tokenizer.json is what was made":
    "legacy from_slow sp_model_kwargs vocab_file merges_file tokenizer_file special_tokens_map_file vocab_type unk_id " +
    "remove_space keep_accents add_dummy_prefix_space tokenizer_type tokenizer_class slow_tokenizer_class use_fast " +
    "vocab_size bos_token_id eos_token_id unk_token_id pad_token_id sep_token_id cls_token_id mask_token_id " +
    "do_basic_tokenize never_split word_tokenizer_type subword_tokenizer_type extra_ids fast_tokenizer",
  "of the hub and of versions":
    "name_or_path processor_class image_processor_class feature_extractor_class model_type backend is_local " +
    "local_files_only trust_remote_code device_map revision cache_dir token use_auth_token force_download " +
    "transformers_version tokenizers_version init_inputs _commit_hash repo_id subfolder __version__ auto_class " +
    "is_fast verbose tokenizer_version",
}

const known = new Set(Object.values(ignored).flatMap((names) => names.split(" ")))

/** @throws {LitmusError} naming a field that is malformed, or that is not known */
export function readSettings({ config, specialTokensMap, addedTokens }: SettingsFields): Settings {
  const decoder = config?.child("added_tokens_decoder")
  if (config) refuseUnknown(config)
  // As in transformers: files of before added_tokens_decoder count only without it.
  const map = decoder ? undefined : specialTokensMap
  return {
    added: [...addedByDecoder(decoder), ...addedByFile(decoder ? undefined : addedTokens)],
    roles: roleTokens([config, map].filter((fields) => fields !== undefined)),
    splitSpecial: config?.boolean("split_special_tokens", false) ?? false,
  }
}

function refuseUnknown(config: Fields): void {
  for (const name of config.names) {
    if (known.has(name) || followed.has(name) || isRole(name)) continue
    if (!config.has(name) || (neutralIfFalse.has(name) && config.raw(name) === false)) continue
    config.refuse(name, "whether it changes tokens is not known; remove it if it does not")
  }
}

/** Rewrites of tokenizer.json that are off. */
const neutralIfFalse = new Set(["fix_mistral_regex", "add_special_tokens"])

/** Followed here, or held against tokenizer.json in agreement.ts. */
const followed = new Set([
  "added_tokens_decoder",
  "additional_special_tokens",
  "extra_special_tokens",
  "split_special_tokens",
  "add_bos_token",
  "add_eos_token",
  "add_prefix_space",
  "do_lower_case",
  "strip_accents",
  "tokenize_chinese_chars",
])

function isRole(name: string): boolean {
  return name.endsWith("_token") && !name.startsWith("add_")
}

function addedByDecoder(decoder: Fields | undefined): Settings["added"] {
  if (!decoder) return []
  const ids = decoder.names.map((name) => {
    const id = Number(name)
    return Number.isSafeInteger(id) && id >= 0 ? id : decoder.fail(name, "ids as names")
  })
  return ids
    .toSorted((a, b) => a - b)
    .map((id) => {
      const fields = decoder.child(String(id)) ?? decoder.fail(String(id), "a token")
      return { token: readAddedToken(fields), id, where: fields.where }
    })
}

/** added_tokens.json: tokens and their ids. */
function addedByFile(file: Fields | undefined): Settings["added"] {
  if (!file) return []
  const entries = file.names.map((content) => ({ content, id: file.integer(content) }))
  return entries
    .toSorted((a, b) => a.id - b.id)
    .map(({ content, id }) => ({ token: plainToken(content, false), id, where: file.where }))
}

/** Tokens by role, the later file's in the place of the earlier one's; then those without a role of their own. */
function roleTokens(files: readonly Fields[]): AddedToken[] {
  const roles = new Map<string, AddedToken>()
  const extra: AddedToken[] = []
  for (const fields of files) {
    for (const name of fields.names) {
      if (!fields.has(name)) continue
      if (isRole(name)) {
        const token = readRole(fields, name)
        if (token) roles.set(name, { ...token, special: true })
      } else if (name === "additional_special_tokens" || name === "extra_special_tokens") {
        extra.push(...readExtra(fields, name))
      }
    }
  }
  return [...roles.values(), ...extra]
}

/** A text, or an object with flags; models may have others, such as numbers, under a name of this kind. */
function readRole(fields: Fields, name: string): AddedToken | undefined {
  const value = fields.raw(name)
  if (typeof value === "string") return value === "" ? undefined : plainToken(value, true)
  if (typeof value === "object") return readAddedToken(fields.child(name)!, "__type id")
  return typeof value === "number" || typeof value === "boolean" ? undefined : fields.fail(name, "a token")
}

/** A list of tokens, or an object of names and tokens. */
function readExtra(fields: Fields, name: string): AddedToken[] {
  const value = fields.raw(name)
  const items = Array.isArray(value) ? (value as unknown[]) : fields.child(name)!.values
  return items.map((item, i) =>
    typeof item === "string"
      ? plainToken(item, true)
      : readAddedToken(new Fields(item, `${fields.where}: ${name}[${i}]`), "__type"),
  )
}

function plainToken(content: string, special: boolean): AddedToken {
  return { content, singleWord: false, leftStrip: false, rightStrip: false, normalized: !special, special }
}

/** The text of the token of a role, where a file names one. */
export function roleOf({ config, specialTokensMap }: SettingsFields, name: string): string | undefined {
  const files = [config, config?.has("added_tokens_decoder") ? undefined : specialTokensMap]
  return files.reduce<string | undefined>(
    (text, fields) => (fields?.has(name) ? readRole(fields, name)?.content : undefined) ?? text,
    undefined,
  )
}
