// The entry of scripts outside this repository that tokenise texts by a checkpoint's tokenizer. The code is in tokenizer/.

import { openSource } from "./open-source.ts"
import { loadTokenizer as load, type Tokenizer } from "./tokenizer/tokenizer.ts"

/**
 * The tokenizer of a checkpoint.
 *
 * @param path - its folder, or a GGUF file
 */
export async function loadTokenizer(path: string): Promise<Tokenizer> {
  return await load(await openSource(path))
}
