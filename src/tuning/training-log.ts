// training-log.jsonl: a line for every step, written as the step is done.

import { ifThere, readText, writeFileAtomic } from "../base/files.ts"

/** What every training logs of a step: one line of training-log.jsonl. */
export interface StepEntry {
  readonly step: number
  /** Mean over the batch before the step. */
  readonly loss: number
  readonly learningRate: number
  /** Before clipping. */
  readonly gradientNorm: number
  /** Run in this step. */
  readonly tokens: number
}

/** A step of a reward model's training. */
export interface LogEntry extends StepEntry {
  /** Share of the batch's pairs in the right order before the step. */
  readonly accuracy: number
  /** On the held-out pairs after the step, where it was looked at. */
  readonly validation?: { readonly accuracy: number; readonly loss: number }
}

/** The log up to a step; what a killed run wrote after its last state is taken back. */
export async function resumeLog<Entry extends StepEntry>(path: string, step: number): Promise<Entry[]> {
  const text = (await ifThere(readText(path))) ?? ""
  const lines = text.split("\n").filter(Boolean).slice(0, step)
  await writeFileAtomic(path, lines.map((line) => `${line}\n`).join(""))
  return lines.map((line) => JSON.parse(line) as Entry)
}
