// Distributions: statistics and overlaps of all, and any one's examples to browse and search.

import type { JSX } from "preact"
import { useMemo } from "preact/hooks"
import { percent } from "../figures/style.ts"
import { Controls, Pager, Search, Select } from "../parts/controls.tsx"
import { Loaded } from "../parts/loaded.tsx"
import { entriesOn, pageOf, pageSize } from "../parts/pages.ts"
import { DataTable, type Cell, type Column } from "../parts/table.tsx"
import { DataText } from "../parts/text.tsx"
import { dataFiles, shiftName, type DistributionEntry, type SplitTexts } from "../../site-data.ts"
import type { PageProps } from "../choices.ts"
import { choose, distributionPlace, linkTo, shiftArgument } from "../router.ts"

export function Distributions({ index, route }: PageProps): JSX.Element {
  const { search = "" } = route.choices
  const list = index.distributions.filter(({ id }) => id.toLowerCase().includes(search.toLowerCase()))
  const columns: Column[] = [
    {
      title: "distribution",
      show: (value) => <a href={linkTo("distribution", String(value), route)}>{value}</a>,
    },
    { title: "train" },
    { title: "test" },
    { title: "test pairs" },
    { title: "distinct prompts", hint: "of the test split" },
    { title: "prompt", hint: "median length of the test split's prompts, in characters" },
    { title: "better", hint: "median length of the better responses, in characters" },
    { title: "worse", hint: "median length of the worse responses, in characters" },
    {
      title: "better is longer %",
      format: (value) => percent(value),
      hint: "share of pairs; a tie counts ½",
    },
    { title: "in train", hint: "distinct test prompts that also occur in its own training split" },
    {
      title: "elsewhere",
      hint: "distinct test prompts that also occur in another distribution, the most shared with one",
    },
  ]
  return (
    <>
      <h1>Distributions</h1>
      {index.distributions.length === 0 ? (
        <p class="notice">
          The report was made without texts: litmus report --data FOLDER adds the distributions.
        </p>
      ) : (
        <>
          <p class="lead">
            Medians are lengths in characters, of the test split. Open a distribution to read its examples.
          </p>
          <Controls>
            <Search title="Name contains" value={search} />
          </Controls>
          <DataTable key={search} name="distributions" columns={columns} rows={list.map(cellsOf)} />
        </>
      )}
    </>
  )
}

function cellsOf({ id, splits, shared }: DistributionEntry): Cell[] {
  const test = splits.find(({ split }) => split === "test")
  const own = shared.find((other) => other.id === id && other.split === "train")
  const others = shared.filter((other) => other.id !== id)
  return [
    id,
    splits.find(({ split }) => split === "train")?.examples,
    test?.examples,
    test?.pairs,
    test?.distinctPrompts,
    test?.medianPrompt,
    test?.medianBetter,
    test?.medianWorse,
    test?.betterIsLonger,
    own?.prompts ?? 0,
    others[0]?.prompts ?? 0,
  ]
}

export function DistributionPage(props: PageProps): JSX.Element {
  const { index, route } = props
  const place = distributionPlace(index, route.argument)
  const entry = index.distributions[place]
  if (!entry) {
    return (
      <>
        <h1>No such distribution</h1>
        <p>This report has no distribution “{route.argument}”.</p>
      </>
    )
  }
  const splits = entry.splits.map(({ split }) => split)
  const split =
    splits.find((name) => name === route.choices.split) ??
    splits.find((name) => name === "test") ??
    splits[0]!
  return (
    <>
      <p class="crumbs">
        <a href={linkTo("distributions", "", route)}>Distributions</a>
      </p>
      <h1>{entry.id}</h1>
      <About {...props} entry={entry} />
      <section aria-labelledby="examples">
        <h2 id="examples">Examples</h2>
        <Loaded file={dataFiles.split(place, split)} what="the texts">
          {(texts) => <Examples {...props} {...{ texts, split, splits }} />}
        </Loaded>
      </section>
    </>
  )
}

function About({ index, route, entry }: PageProps & { entry: DistributionEntry }): JSX.Element {
  const columns: Column[] = [
    { title: "split" },
    { title: "examples" },
    { title: "pairs" },
    { title: "distinct prompts" },
    { title: "prompt", hint: "median length in characters" },
    { title: "better", hint: "median length in characters" },
    { title: "worse", hint: "median length in characters" },
    { title: "better is longer %", format: (value) => percent(value) },
  ]
  const shifts = index.shifts.flatMap((shift, place) =>
    shift.source === entry.id || shift.target === entry.id ? [{ shift, place }] : [],
  )
  const linkOf = (id: string): JSX.Element | string => {
    return distributionPlace(index, id) < 0 ? id : <a href={linkTo("distribution", id, route)}>{id}</a>
  }
  return (
    <>
      <DataTable
        name={`statistics-${entry.id}`}
        columns={columns}
        rows={entry.splits.map((one) => [
          one.split,
          one.examples,
          one.pairs,
          one.distinctPrompts,
          one.medianPrompt,
          one.medianBetter,
          one.medianWorse,
          one.betterIsLonger,
        ])}
      />
      <dl class="about">
        {entry.origins.length > 0 ? (
          <>
            <dt>Made from</dt>
            <dd>{entry.origins.join(", ")}</dd>
          </>
        ) : null}
        {entry.overlapsBy.length > 0 ? (
          <>
            <dt>Says that it overlaps with</dt>
            <dd>{entry.overlapsBy.map((id, i) => [i > 0 ? ", " : "", linkOf(id)])}</dd>
          </>
        ) : null}
        <dt>Test prompts that occur elsewhere</dt>
        <dd>
          {entry.shared.length === 0
            ? "none"
            : entry.shared.map(({ id, split, prompts }, i) => [
                i > 0 ? ", " : "",
                `${prompts} in `,
                id === entry.id ? "its own" : linkOf(id),
                ` ${split}`,
              ])}
        </dd>
        <dt>Shifts</dt>
        <dd>
          {shifts.length === 0
            ? "none"
            : shifts.map(({ shift, place }, i) => [
                i > 0 ? ", " : "",
                <a key={place} href={linkTo("shift", shiftArgument(shift), route)}>
                  {shiftName(shift)}
                </a>,
              ])}
        </dd>
      </dl>
    </>
  )
}

function Examples({
  route,
  texts,
  split,
  splits,
}: PageProps & { texts: SplitTexts; split: string; splits: readonly string[] }): JSX.Element {
  const { search = "" } = route.choices
  const list = useMemo(() => {
    const words = search.toLowerCase()
    const has = (text: string): boolean => text.toLowerCase().includes(words)
    return texts.examples.flatMap(({ prompt, responses }, number) =>
      words === "" || has(prompt) || responses.some(([text]) => has(text)) ? [number] : [],
    )
  }, [texts, search])
  const page = pageOf(route.choices.page, list.length)
  const atRandom = (): void => {
    const [draw = 0] = crypto.getRandomValues(new Uint32Array(1))
    choose({ page: String(1 + (draw % Math.max(1, Math.ceil(list.length / pageSize)))) })
  }
  return (
    <>
      <Controls>
        <Select title="Split" name="split" value={split} options={splits.map((name) => [name, name])} />
        <Search title="Text contains" value={search} />
        <button type="button" onClick={atRandom}>
          A page at random
        </button>
      </Controls>
      <Pager total={list.length} page={page} what="examples" />
      {entriesOn(list, page).map((number) => {
        const { prompt, responses } = texts.examples[number]!
        return (
          <article class="pair" key={number}>
            <h3>Example {number}</h3>
            <h4>Prompt</h4>
            <DataText text={prompt} />
            <div class="responses">
              {responses.map(([text, label], i) => (
                <div key={i}>
                  <h4>{label === 1 ? "Better response" : "Worse response"}</h4>
                  <DataText text={text} />
                </div>
              ))}
            </div>
          </article>
        )
      })}
      {list.length > 0 ? <Pager total={list.length} page={page} what="examples" /> : null}
    </>
  )
}
