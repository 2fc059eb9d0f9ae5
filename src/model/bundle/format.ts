// What a bundle holds.

import type { Architecture } from "../architectures/architecture.ts"
import type { Quantization } from "./quantize.ts"

/** Changes when the same checkpoint would be compiled to something else. */
export const bundleFormat = 2

export const bundleWeightsFile = "weights.bin"

/** Bytes of a weights file. */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/** The quantised weight of a linear layer, as graph/quantized.ts has it. */
export interface QuantizedTensor {
  readonly nOut: number
  readonly nIn: number
  readonly blocks: ByteRange
  readonly scales: ByteRange
}

/** Byte range and shape of a parameter in a bundle's weights file, float32. */
export interface BundleTensor {
  readonly shape: readonly number[]
  readonly offset: number
  readonly length: number
}

/** The linear layers of a bundle whose weights are stored in few bits. */
export interface BundleQuantization {
  readonly type: Quantization
  /** By the layer's name. */
  readonly tensors: Readonly<Record<string, QuantizedTensor>>
  /** What an entry of 0 is stored as, as often as any matrix has blocks. */
  readonly zeros: ByteRange
}

export interface Bundle {
  /** Covers the architecture, the quantisation and every weight, bit for bit, in the checkpoint's own element type. */
  readonly fingerprint: string
  readonly architecture: Architecture
  /** Element types found in the checkpoint. */
  readonly sourceDtypes: readonly string[]
  readonly tensors: Readonly<Record<string, BundleTensor>>
  readonly quantization?: BundleQuantization
  /** Folder that holds the weights file. */
  readonly folder: string
}
