// Where a checkpoint's configuration and its weights say different things and transformers takes one of the two: the same is
// taken here, and a line says which and why. Contradictions of other kinds are refused (parameters.ts).
// Source: transformers 5.18, modeling_utils.py, tie_weights and _adjust_missing_and_unexpected_keys.

import type { TensorFile } from "../../formats/tensor-file.ts"
import type { Architecture } from "../architectures/architecture.ts"
import { inverseFrequencies } from "../architectures/rope.ts"
import type { Checkpoint } from "../checkpoint/checkpoint.ts"
import { isStoredFrequencies, storedName, type Place } from "./parameters.ts"

export interface Resolved {
  /** What is computed. */
  readonly architecture: Architecture
  /** A line for each contradiction: which side won and why. */
  readonly notices: readonly string[]
}

/** Settles what configuration and weights say differently. */
export async function resolveContradictions(
  checkpoint: Checkpoint,
  configured: Architecture,
): Promise<Resolved> {
  const untied = await untie(checkpoint, configured)
  const frequencies = await compareFrequencies(checkpoint, configured)
  return {
    architecture: untied ? { ...configured, tiedEmbeddings: false } : configured,
    notices: [untied, frequencies].filter((notice) => notice !== undefined),
  }
}

/** A head that is stored beside the embedding to which the configuration ties it, and differs, is a head of its own. */
async function untie(checkpoint: Checkpoint, architecture: Architecture): Promise<string | undefined> {
  const { tiedEmbeddings, scoreLabels, embedding } = architecture
  if (!tiedEmbeddings || scoreLabels !== undefined) return undefined
  const head = placeOf(checkpoint, `${architecture.head}.weight`)
  const table = placeOf(checkpoint, storedName(checkpoint, architecture, `${embedding.name}.weight`))
  if (!head || !table || head.name === table.name) return undefined
  const sameShape = head.entry.shape.join() === table.entry.shape.join()
  if (!sameShape || (await sameValues(head, table))) return undefined
  return `${head.file.path}: ${head.name} wins over ${head.file.describedBy}, which ties it to ${table.name}: the two differ, and transformers (since 5) does not tie what differs`
}

function placeOf({ tensors }: Checkpoint, name: string): Place | undefined {
  const found = tensors.get(name)
  return found && { ...found, name }
}

/** Whether two tensors of one shape hold the same numbers. */
async function sameValues(one: Place, two: Place): Promise<boolean> {
  const [a, b] = [one, two].map(({ file, name }) => file.readRows(name)[Symbol.asyncIterator]())
  for (;;) {
    const [x, y] = [await a!.next(), await b!.next()]
    if (x.done || y.done) return x.done === y.done
    // Pieces are of whole rows of one length, so they are alike; torch.equal takes 0 and -0 for the same.
    const other = y.value
    if (!x.value.every((value, i) => value === other[i])) return false
  }
}

// bfloat16 has 8 significant bits; float16 steps by 2⁻²⁴ near zero.
const tolerance = { relative: 2 ** -7, absolute: 2 ** -24 }

/**
 * Stored frequencies are never loaded: transformers computes them. Old releases stored those of linear scaling before they
 * were divided, and none that depend on the length of a sequence, so the plain ones agree too.
 */
async function compareFrequencies(
  checkpoint: Checkpoint,
  architecture: Architecture,
): Promise<string | undefined> {
  const { rotary } = architecture
  if (!rotary) return undefined
  const { rope, width } = rotary
  const expected = [
    inverseFrequencies(rope, width),
    inverseFrequencies({ type: "default", theta: rope.theta }, width),
  ]
  const others: { file: TensorFile; name: string }[] = []
  for (const [name, { file }] of checkpoint.tensors) {
    if (!isStoredFrequencies(architecture, name)) continue
    const values = await allValues(file, name)
    if (!expected.some((frequencies) => areClose(values, frequencies))) others.push({ file, name })
  }
  const [first] = others
  if (!first) return undefined
  const which = others.length === 1 ? "says" : `and ${others.length - 1} more say`
  return `${first.file.describedBy} wins over the stored ${first.name} (${first.file.path}), which ${which} otherwise: transformers computes frequencies from the configuration and never loads them`
}

async function allValues(file: TensorFile, name: string): Promise<number[]> {
  const values: number[] = []
  for await (const piece of file.readRows(name)) values.push(...piece)
  return values
}

function areClose(found: readonly number[], expected: Float32Array): boolean {
  const { relative, absolute } = tolerance
  return (
    found.length === expected.length &&
    found.every((value, i) => Math.abs(value - expected[i]!) <= relative * expected[i]! + absolute)
  )
}
