// A model's parts by the path of its folder or file, for tests that need one part alone.

import {
  readArchitecture as architectureOf,
  readEndToken as endTokenOf,
} from "../../src/model/architectures/config.ts"
import type { Architecture } from "../../src/model/architectures/architecture.ts"
import { openBundle as bundleOf, type BundleOptions } from "../../src/model/bundle/bundle.ts"
import type { Bundle } from "../../src/model/bundle/format.ts"
import { openSource } from "../../src/model/open-source.ts"
import {
  loadTokenizer as tokenizerOf,
  tokenizerFingerprint as fingerprintOf,
  type Tokenizer,
} from "../../src/model/tokenizer/tokenizer.ts"

export async function readArchitecture(path: string): Promise<Architecture> {
  return await architectureOf(await openSource(path))
}

export async function readEndToken(path: string): Promise<number | undefined> {
  return await endTokenOf(await openSource(path))
}

export async function openBundle(path: string, options: BundleOptions): Promise<Bundle> {
  return await bundleOf(await openSource(path), options)
}

export async function loadTokenizer(path: string): Promise<Tokenizer> {
  return await tokenizerOf(await openSource(path))
}

export async function tokenizerFingerprint(path: string): Promise<string> {
  return await fingerprintOf(await openSource(path))
}
