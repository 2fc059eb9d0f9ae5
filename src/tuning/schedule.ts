// The learning rate over the steps: constant, linear or cosine to zero, after a linear warm-up.

export const schedules = ["constant", "linear", "cosine"] as const
export type Schedule = (typeof schedules)[number]

/**
 * The factor on the learning rate at a step.
 *
 * @param step - counts from 0, of `steps`
 * @param options.warmup - steps over which it rises linearly from 0
 */
export function scheduleFactor(
  schedule: Schedule,
  step: number,
  { steps, warmup = 0 }: { steps: number; warmup?: number },
): number {
  if (step < warmup) return step / warmup
  const progress = (step - warmup) / Math.max(1, steps - warmup)
  if (schedule === "linear") return Math.max(0, 1 - progress)
  if (schedule === "cosine") return 0.5 * (1 + Math.cos(Math.PI * progress))
  return 1
}
