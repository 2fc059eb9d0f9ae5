// A training's record, for tests of what is made of it.

import type { TrainingRecord } from "../../src/tuning/training-record.ts"

/** A LoRA that learned, with some fields changed. */
export function trainingRecord(changed: Partial<TrainingRecord> = {}): TrainingRecord {
  return {
    kind: "lora",
    pairs: 500,
    pairSet: "0123456789abcdef",
    heldOutPairs: 50,
    reportPairs: 50,
    steps: 20,
    step: 20,
    loss: 0.4,
    trainingAccuracy: 0.8,
    heldOutAccuracy: 0.7,
    heldOutLoss: 0.6,
    lossFell: true,
    learningRate: 1e-3,
    curve: [
      { step: 10, loss: 0.7, heldOut: { accuracy: 0.5, loss: 0.69 } },
      { step: 20, loss: 0.5, heldOut: { accuracy: 0.7, loss: 0.6 } },
    ],
    ...changed,
  }
}
