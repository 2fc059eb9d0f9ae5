// The training curve as an SVG: the loss over the steps, means of neighbouring steps, on a logarithmic axis.

import type { StepEntry } from "../tuning/training-log.ts"

const [width, height] = [720, 300]
const margin = { left: 48, right: 16, top: 16, bottom: 36 }
const points = 200

/** @param log - at least one step */
export function curveSvg(log: readonly StepEntry[]): string {
  const each = Math.max(1, Math.ceil(log.length / points))
  const means = Array.from({ length: Math.ceil(log.length / each) }, (_, k) => {
    const part = log.slice(k * each, (k + 1) * each)
    return {
      step: (part[0]!.step + part.at(-1)!.step) / 2,
      loss: part.reduce((sum, { loss }) => sum + loss, 0) / part.length,
    }
  })
  const [least, most] = [
    Math.min(...means.map(({ loss }) => loss)),
    Math.max(...means.map(({ loss }) => loss)),
  ]
  const [low, high] = [Math.log(least / 1.1), Math.log(most * 1.1)]
  const x = (step: number): number => margin.left + (step / log.length) * (width - margin.left - margin.right)
  const y = (loss: number): number =>
    margin.top + ((high - Math.log(loss)) / (high - low)) * (height - margin.top - margin.bottom)
  const path = means.map(({ step, loss }) => `${x(step).toFixed(1)},${y(loss).toFixed(1)}`).join(" ")
  const ticks = [0.5, 0.6, 0.7, 0.8, 1, 1.5, 2, 3, 5, 7].filter(
    (loss) => Math.log(loss) > low && Math.log(loss) < high,
  )
  const rows = ticks.map(
    (loss) =>
      `<line x1="${margin.left}" x2="${width - margin.right}" y1="${y(loss).toFixed(1)}" y2="${y(loss).toFixed(1)}" stroke="#ddd"/>` +
      `<text x="${margin.left - 6}" y="${(y(loss) + 4).toFixed(1)}" text-anchor="end">${loss}</text>`,
  )
  const columns = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const step = Math.round(share * log.length)
    return `<text x="${x(step).toFixed(1)}" y="${height - 18}" text-anchor="middle">${step}</text>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    ...rows,
    ...columns,
    `<text x="${width / 2}" y="${height - 4}" text-anchor="middle">step</text>`,
    `<text x="4" y="12">loss (nats a token, verdicts weighted)</text>`,
    `<polyline points="${path}" fill="none" stroke="#2266aa" stroke-width="1.5"/>`,
    "</svg>\n",
  ].join("\n")
}
