// The pairs of a shift: which interventions fail together, and the pairs themselves, chosen and paged.

import type { JSX } from "preact"
import { useMemo } from "preact/hooks"
import { dataFiles, shiftName, type ShiftPairs, type SiteIndex, type SplitTexts } from "../../site-data.ts"
import type { Choices, PageProps } from "../choices.ts"
import { matrixFigure } from "../figures/matrix.ts"
import { percent, seriesOf } from "../figures/style.ts"
import { listPairs, textsOfPair } from "../pair-list.ts"
import { failTogether, pairsOf, scoresOf, type RowScores } from "../pair-scores.ts"
import { distributionPlace, linkTo, shiftArgument } from "../router.ts"
import { Controls, Pager, Search, Select } from "./controls.tsx"
import { Figure } from "./figure.tsx"
import { Loaded } from "./loaded.tsx"
import { PairCard } from "./pair-card.tsx"
import { entriesOn, pageOf } from "./pages.ts"
import type { TableData } from "./table.tsx"

interface PairsProps extends PageProps {
  readonly choices: Choices
  readonly place: number
  readonly pairs: ShiftPairs
  readonly rows: readonly number[]
}

/** The pairs, with the target's texts where the report has them. */
export function ShiftPairsSection(props: PairsProps): JSX.Element {
  const { index, place } = props
  const id = index.shifts[place]!.target
  const distribution = distributionPlace(index, id)
  const hasTexts = index.distributions[distribution]?.splits.some(({ split }) => split === "test") === true
  if (!hasTexts) return <Pairs {...props} texts={undefined} />
  return (
    <Loaded file={dataFiles.split(distribution, "test")} what="the texts">
      {(texts) => <Pairs {...props} texts={texts} />}
    </Loaded>
  )
}

function Pairs({
  index,
  route,
  choices,
  place,
  pairs,
  rows,
  texts,
}: PairsProps & { texts: SplitTexts | undefined }): JSX.Element {
  const key = JSON.stringify(choices)
  const { nPairs, scores } = useMemo(
    () => scoresOf(index, pairs, { rows, shift: place, view: choices.view }),
    [index, pairs, key],
  )
  const known = useMemo(() => texts && pairsOf(texts), [texts])
  const { fails = "", search = "", order = "", pair } = route.choices
  const list = useMemo(
    () =>
      listPairs(
        { nPairs, scores, texts: known && texts ? { known, texts } : undefined },
        { fails, search, order, pair },
      ),
    [scores, known, fails, search, order, pair],
  )
  const page = pageOf(route.choices.page, list.length)
  const names = scores.map(({ name }) => name)
  const argument = shiftArgument(index.shifts[place]!)
  const turned = index.shifts[place]!.inverted && choices.view !== "as-released"
  return (
    <>
      {scores.length > 1 ? <FailTogether {...{ index, choices, place, scores }} /> : null}
      <section aria-labelledby="pairs">
        <h2 id="pairs">Pairs</h2>
        {texts ? null : (
          <p class="notice">
            The report was made without the texts: litmus report --data FOLDER shows prompts and responses.
          </p>
        )}
        {pair === undefined ? (
          <Controls>
            <Select
              title="Show"
              name="fails"
              value={fails}
              options={[
                ["", "all pairs"],
                ["any", "where one or more fail"],
                ["all", "where all fail"],
                ["split", "where they disagree"],
                ...names.map((name) => [`by ${name}`, `where ${name} fails`] as const),
              ]}
            />
            <Select
              title="Order"
              name="order"
              value={order}
              options={[
                ["", "as in the file"],
                ["failures", "most failures first"],
              ]}
            />
            {texts ? <Search title="Text contains" value={search} /> : null}
          </Controls>
        ) : (
          <p>
            <a href={linkTo("shift", argument, route)}>Show all pairs</a>
          </p>
        )}
        <Pager total={list.length} page={page} what="pairs" />
        {entriesOn(list, page).map((number) => (
          <PairCard
            key={number}
            number={number}
            scores={scores}
            colors={seriesOf(index)}
            index={index}
            link={linkTo("shift", argument, route, { pair: String(number) })}
            texts={textsOfPair(texts, known?.[number], turned)}
          />
        ))}
        {list.length > 0 ? <Pager total={list.length} page={page} what="pairs" /> : null}
      </section>
    </>
  )
}

function FailTogether({
  index,
  choices,
  place,
  scores,
}: {
  index: SiteIndex
  choices: Choices
  place: number
  scores: readonly RowScores[]
}): JSX.Element {
  const names = scores.map(({ name }) => name)
  const values = failTogether(scores)
  const title = "Share of the row's failures that the column shares"
  const subtitle = `${shiftName(index.shifts[place]!)}, %; view ${choices.view}. A failure prefers the worse response.`
  const format = (value: number): string => percent(value, 0)
  return (
    <section>
      <h2>Which fail together</h2>
      <Figure
        name={`fail-together-${place}`}
        draw={(canvas) =>
          matrixFigure({ title, subtitle, names, values, pivot: 0.5, domain: [0, 1], format }, canvas)
        }
        inputs={[scores]}
        maxWidth={680}
        table={matrixTable(names, values)}
      />
    </section>
  )
}

function matrixTable(names: readonly string[], values: readonly (readonly (number | null)[])[]): TableData {
  return {
    columns: [{ title: "" }, ...names.map((title) => ({ title, format: (value: number) => percent(value) }))],
    rows: names.map((name, i) => [name, ...values[i]!.map((value) => value ?? undefined)]),
  }
}
