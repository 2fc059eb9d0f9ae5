// The state of a training run as one safetensors file: parameters, moments, best parameters so far, and where it stands.
// It is replaced whole, so a killed run goes on from the last one written, to the same weights.

import { FileError, LitmusError } from "../base/errors.ts"
import { isMissing } from "../base/errors.ts"
import type { ParameterArray } from "../model/decoder/adapter.ts"
import { openSafetensors, writeSafetensors } from "../formats/safetensors.ts"
import { zeroMoments, type Moments } from "../numbers/adamw.ts"
import { stat } from "node:fs/promises"

/** The best parameters so far by the held-out pairs. */
export interface Best {
  readonly step: number
  readonly accuracy: number
  readonly loss: number
  readonly parameters: Map<string, ParameterArray>
}

export interface TrainingState {
  /** Steps done. */
  step: number
  readonly parameters: Map<string, ParameterArray>
  readonly moments: Map<string, Moments>
  best: Best | undefined
}

/** The state before the first step. */
export function initialState(initial: ReadonlyMap<string, ParameterArray>): TrainingState {
  const parameters = copyParameters(initial)
  const moments = new Map([...parameters].map(([name, { data }]) => [name, zeroMoments(data.length)]))
  return { step: 0, parameters, moments, best: undefined }
}

export function copyParameters(parameters: ReadonlyMap<string, ParameterArray>): Map<string, ParameterArray> {
  return new Map([...parameters].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]))
}

/** Writes the state; `run` names what it is a state of. */
export async function writeState(path: string, run: string, state: TrainingState): Promise<void> {
  const tensors = new Map<string, ParameterArray>()
  for (const [name, parameter] of state.parameters) {
    const { first, second } = state.moments.get(name)!
    tensors.set(`parameter ${name}`, parameter)
    tensors.set(`first ${name}`, { shape: parameter.shape, data: first })
    tensors.set(`second ${name}`, { shape: parameter.shape, data: second })
  }
  for (const [name, parameter] of state.best?.parameters ?? []) tensors.set(`best ${name}`, parameter)
  const { step, best } = state
  const where = {
    step,
    ...(best ? { best: { step: best.step, accuracy: best.accuracy, loss: best.loss } } : {}),
  }
  await writeSafetensors(path, tensors, { run, state: JSON.stringify(where) })
}

/** The state that a killed run left, if it is one of the same run. */
export async function readState(
  path: string,
  run: string,
  initial: ReadonlyMap<string, ParameterArray>,
): Promise<TrainingState | undefined> {
  try {
    await stat(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw new FileError(`cannot read ${path}`, error)
  }
  const file = await openSafetensors(path)
  try {
    if (file.metadata.run !== run) {
      throw new LitmusError(
        `${path}: belongs to another run (other model, source, seed or options): choose another folder, or delete this one`,
      )
    }
    const where = JSON.parse(file.metadata.state!) as { step: number; best?: Omit<Best, "parameters"> }
    const read = async (kind: string): Promise<Map<string, ParameterArray>> => {
      const found = new Map<string, ParameterArray>()
      for (const [name, { shape }] of initial) {
        found.set(name, { shape, data: await file.readFloat32(`${kind} ${name}`) })
      }
      return found
    }
    const [first, second] = [await read("first"), await read("second")]
    const moments = new Map(
      [...first].map(([name, { data }]) => [name, { first: data, second: second.get(name)!.data }]),
    )
    const best = where.best && { ...where.best, parameters: await read("best") }
    return { step: where.step, parameters: await read("parameter"), moments, best }
  } finally {
    await file.close()
  }
}
