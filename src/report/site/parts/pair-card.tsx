// A pair: its texts, and what every intervention says of it.

import type { JSX } from "preact"
import type { SiteIndex } from "../../site-data.ts"
import type { seriesOf } from "../figures/style.ts"
import type { PairTexts } from "../pair-list.ts"
import { failures, type RowScores } from "../pair-scores.ts"
import { DataText } from "./text.tsx"

interface PairCardProps {
  readonly index: SiteIndex
  readonly number: number
  readonly scores: readonly RowScores[]
  readonly colors: ReturnType<typeof seriesOf>
  readonly link: string
  readonly texts: PairTexts | undefined
}

export function PairCard({ index, number, scores, colors, link, texts }: PairCardProps): JSX.Element {
  const { failed, scored } = failures(scores, number)
  return (
    <article class="pair">
      <h3>
        <a href={link}>Pair {number}</a>{" "}
        <span class="faint">
          {failed} of {scored} fail
        </span>
      </h3>
      {texts ? (
        <>
          <h4>Prompt</h4>
          <DataText text={texts.prompt} />
          <div class="responses">
            <div>
              <h4>Better response</h4>
              <DataText text={texts.better} />
            </div>
            <div>
              <h4>Worse response</h4>
              <DataText text={texts.worse} />
            </div>
          </div>
        </>
      ) : null}
      <ul class="scores" aria-label="Probability that each intervention gives to the better response">
        {scores.map(({ row, name, probabilities }) => {
          const p = probabilities[number]!
          if (Number.isNaN(p)) return null
          const color = colors.get(index.rows[row]!.intervention)!.color
          return (
            <li key={row} class={p < 0.5 ? "wrong" : undefined}>
              <span class="swatch" style={{ background: color }} />
              {name} <b>{p.toFixed(3)}</b> {p < 0.5 ? "✗ fails" : p > 0.5 ? "✓" : "tie"}
              <span class="bar" aria-hidden="true">
                <span style={{ width: `${100 * p}%`, background: color }} />
              </span>
            </li>
          )
        })}
      </ul>
    </article>
  )
}
