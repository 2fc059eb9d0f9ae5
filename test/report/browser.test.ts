// The report in a real browser, opened from the file system: every page, its controls, and texts that would be scripts.

import { readFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import type { Browser, BrowserContext, Download, Locator, Page } from "playwright-core"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { writeStoredFigure } from "../../src/report/stored-figures.ts"
import { collectReport, type Report } from "../../src/report/collect.ts"
import type { SiteIndex } from "../../src/report/site-data.ts"
import { serveSite } from "../../src/report/serve.ts"
import { writeSite } from "../../src/report/write-site.ts"
import { hasBrowser, launch, needsBrowser } from "../support/browser.ts"
import { hasBuild, needsBuild } from "../support/report-build.ts"
import { writeReportStore } from "../support/report-store.ts"
import { temporaryFolder } from "../support/temporary.ts"

/** Runs as a script wherever it is taken for markup, an attribute or code. */
const attack = `"'><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\${window.hacked=1}`

describe.skipIf(!hasBrowser || !hasBuild)(`the report in a browser${needsBrowser || needsBuild}`, () => {
  const root = temporaryFolder()
  let browser: Browser
  let context: BrowserContext
  let page: Page
  let problems: string[]
  let address: string

  beforeAll(async () => {
    const { store, data, suite } = await writeReportStore(join(root, "files"))
    await writeFigures(store)
    const report = await collectReport(store, { data, suiteFiles: [suite], published: ["llama-7b"] })
    await writeSite(report, join(root, "site"))
    address = pathToFileURL(join(root, "site", "index.html")).href
    browser = await launch()
  })
  afterAll(() => browser?.close())

  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 1200, height: 900 } })
    context.setDefaultTimeout(15_000)
    page = await context.newPage()
    problems = watch(page)
  })
  afterEach(async () => {
    await context.close()
    if (problems.length > 0) throw new Error(`the page complained:\n${problems.join("\n")}`)
  })

  const open = async (route: string): Promise<void> => {
    await page.goto(`${address}#${route}`)
    await page.reload()
    await page.locator("h1").waitFor()
  }
  const menu = (name: string): Locator => page.getByRole("combobox", { name, exact: true })
  const texts = (selector: string): Promise<string[]> => page.locator(selector).allInnerTexts()

  it.each(["overview", "shifts", "distributions", "directions", "personas", "scale"])(
    "shows the page %s, on a desk and on a phone, light and dark",
    async (name) => {
      for (const [width, colorScheme] of [
        [1200, "light"],
        [390, "dark"],
      ] as const) {
        await page.setViewportSize({ width, height: 844 })
        await page.emulateMedia({ colorScheme })
        await open(`/${name}`)
        await page
          .locator(name === "distributions" || name === "shifts" ? "tbody tr" : ".drawing svg")
          .first()
          .waitFor()
        expect(await page.title()).toContain(name)
        expect(await page.locator('nav [aria-current="page"]').innerText()).toBe(
          name.charAt(0).toUpperCase() + name.slice(1),
        )
        const beyond = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        expect({ width, beyond }).toEqual({ width, beyond: 0 })
        await expectNames(page)
      }
    },
  )

  it("shows a shift's drawing whole on a phone", async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    await open("/shifts")
    const drawing = page.locator("tbody .strip svg").first()
    await drawing.waitFor()
    const box = (await drawing.boundingBox())!
    expect(box.x).toBeGreaterThanOrEqual(0)
    expect(box.x + box.width).toBeLessThanOrEqual(390)
    expect(box.width).toBeGreaterThan(300)
  })

  it("shows a leaderboard in each view, of one model or all, and hides interventions", async () => {
    await open("/overview?suite=probing&view=as-released")
    const rows = (): Promise<string[]> => texts("section > .table-block tbody th")
    expect((await rows()).toSorted()).toEqual(["lora", "mms", "random", "zero-shot"])
    const before = await texts("section > .table-block tbody td")
    await menu("View").selectOption("corrected")
    expect(page.url()).toContain("view=corrected")
    await expect.poll(() => texts("section > .table-block tbody td")).not.toEqual(before)
    await page.getByLabel("random", { exact: true }).uncheck()
    await expect.poll(async () => (await rows()).toSorted()).toEqual(["lora", "mms", "zero-shot"])
    await menu("Model").selectOption("all")
    // Three of each of one's own models and seven published ones: random is hidden of all.
    await expect.poll(rows).toHaveLength(3 + 3 + 7)
  })

  it("sorts, filters and searches shifts, and remembers all in the address", async () => {
    await open("/shifts?model=tiny-7b")
    expect(await texts("tbody th")).toHaveLength(3)
    await page.getByRole("button", { name: /^Zero-shot/ }).click()
    await page.locator('th[aria-sort="ascending"]').waitFor()
    const sorted = (await texts("tbody td:nth-child(6)")).map(Number)
    expect(sorted).toEqual(sorted.toSorted((a, b) => a - b))
    expect(await page.locator('th[aria-sort="ascending"]').innerText()).toContain("Zero-shot")
    await menu("Label").selectOption("probing")
    await expect.poll(() => texts("tbody th")).toHaveLength(2)
    await page.getByRole("searchbox", { name: "Name contains" }).fill("truth")
    await expect.poll(() => texts("tbody th")).toEqual(["alpaca_mmlu → truthful_qa"])
    const link = page.url()
    await page.goto("about:blank")
    await page.goto(link)
    await page.locator("tbody th").first().waitFor()
    expect(await texts("tbody th")).toEqual(["alpaca_mmlu → truthful_qa"])
    expect(await page.locator("tbody .strip svg").count()).toBe(1)
  })

  it("opens a shift to its pairs, which can be chosen, searched, paged and linked to", async () => {
    await open("/shifts?model=tiny-7b")
    await page.getByRole("link", { name: "alpaca_easy → own_target" }).click()
    await page.locator("article.pair").first().waitFor()
    expect(await page.locator("h1").innerText()).toBe("alpaca_easy → own_target")
    expect(await page.evaluate("document.activeElement?.id")).toBe("main")
    const first = page.locator("article.pair").first()
    expect(await first.innerText()).toMatch(
      /Question 0 of own_target\?[\s\S]*Right answer 0\.[\s\S]*Wrong answer 0, rather long/,
    )
    expect(await page.locator("article.pair").count()).toBe(20)
    await page.getByRole("button", { name: "Next →" }).first().click()
    await expect.poll(() => texts("article.pair h3 a")).toContain("Pair 20")
    await menu("Show").selectOption("where all fail")
    await expect.poll(() => texts("article.pair h3 a")).not.toContain("Pair 20")
    for (const card of await texts("article.pair .scores")) expect(card.match(/✗ fails/g)).toHaveLength(3)
    await menu("Show").selectOption("all pairs")
    await page.getByRole("searchbox", { name: "Text contains" }).fill("question 7 of")
    await expect.poll(() => texts("article.pair h3 a")).toEqual(["Pair 14", "Pair 15"])
    await page.getByRole("link", { name: "Pair 15" }).click()
    await expect.poll(() => texts("article.pair h3 a")).toEqual(["Pair 15"])
    expect(page.url()).toContain("alpaca_easy~own_target?model=tiny-7b&pair=15")
  })

  it("swaps the responses where the view turns labels round", async () => {
    const better = async (view: string): Promise<string> => {
      await open(`/shift/alpaca_mmlu~reward_seeking?model=tiny-7b&view=${view}&pair=0`)
      await page.locator("article.pair").waitFor()
      return page.locator(".responses > div").first().innerText()
    }
    expect(await better("as-released")).toContain("Right answer 0.")
    expect(await better("corrected")).toContain("Wrong answer 0, rather long.")
    expect(await page.locator("main").innerText()).toContain("labels of this target are inverted")
  })

  it("browses a distribution", async () => {
    await open("/distributions")
    await page.getByRole("searchbox", { name: "Name contains" }).fill("own")
    await page.getByRole("link", { name: "own_target" }).click()
    await page.locator("article.pair").first().waitFor()
    expect(await page.locator("article.pair").count()).toBe(20)
    expect(await page.locator(".about").innerText()).toContain("24 in its own train")
    await menu("Split").selectOption("train")
    await page.getByText("examples 1 to 20 of 30").first().waitFor()
    await page.getByRole("searchbox", { name: "Text contains" }).fill("right answer 29")
    await expect.poll(() => texts("article.pair h3")).toEqual(["Example 29"])
  })

  it("saves figures and tables", async () => {
    await open("/personas?model=tiny-1b")
    const saved = async (name: string): Promise<Buffer> => {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.locator(".figure-actions").first().getByRole("button", { name }).click(),
      ])
      return contentOf(download)
    }
    await page.locator(".drawing > svg").waitFor()
    const svg = (await saved("SVG")).toString()
    expect(svg).toContain("Agreement of rankings, tiny-1b")
    expect(svg).toMatch(/^<svg[^>]* color="#1b1f24"/)
    const png = await saved("PNG")
    expect(png.subarray(1, 4).toString()).toBe("PNG")
    await page.locator(".figure-actions summary").first().click()
    const csv = (await saved("CSV")).toString().split("\r\n")
    expect(csv[0]).toBe(",labels,mms,lora,zero-shot,longer response")
    expect(csv[1]).toMatch(/^labels,,0\.\d+,0\.\d+,0\.\d+,0\.\d+$/)
  })

  it("shows sweeps, comparisons of directions and projections that the store has", async () => {
    await open("/directions")
    await page.locator('[aria-label^="lda at each layer alone, tiny-1b"]').waitFor()
    await menu("Sweep").selectOption("1")
    await page.locator('[aria-label^="mms at each head alone, tiny-1b"]').waitFor()
    expect(await page.locator('[aria-label^="Mahalanobis cosine of directions"]').count()).toBe(1)
    expect(await page.locator('[aria-label^="mms at resid.2, tiny-1b"] path').count()).toBeGreaterThan(3)
    const components = page.locator('[aria-label^="Principal components of resid.2, tiny-1b"]')
    // Four responses in each of two distributions, on two pairs of components.
    expect(await components.locator('g[aria-label="dot"] path').count()).toBe(16)
  })

  it("can be used with the keyboard alone", async () => {
    await open("/overview")
    await page.keyboard.press("Tab")
    expect(await page.evaluate("document.activeElement?.textContent")).toBe("Skip to the content")
    await page.keyboard.press("Enter")
    expect(await page.evaluate("document.activeElement?.id")).toBe("main")
    await page.getByRole("link", { name: "Shifts", exact: true }).focus()
    await page.keyboard.press("Enter")
    await page.locator("table.shifts").waitFor()
    await page.getByRole("button", { name: /^Shift / }).focus()
    await page.keyboard.press("Enter")
    await page.locator('th[aria-sort="ascending"]').waitFor()
  })

  it("keeps the theme that was chosen", async () => {
    const paper = (): Promise<unknown> => page.evaluate("getComputedStyle(document.body).backgroundColor")
    await open("/overview")
    const light = await paper()
    await page.getByRole("button", { name: /^Theme/ }).click()
    await page.getByRole("button", { name: /^Theme/ }).click()
    await expect.poll(paper).not.toBe(light)
    const dark = await paper()
    await page.reload()
    await page.locator("h1").waitFor()
    expect(await paper()).toBe(dark)
  })

  it("says what is missing", async () => {
    await open("/shift/no~such")
    expect(await page.locator("main").innerText()).toContain("This report has no shift “no~such”")
    await open("/nothing")
    expect(await page.locator("h1").innerText()).toBe("No such page")
  })

  it("works from a server, too, without asking any other", async () => {
    const served = await serveSite(join(root, "site"))
    try {
      const asked: string[] = []
      page.on("request", (request) => asked.push(new URL(request.url()).origin))
      await page.goto(`${served.url}#/shift/alpaca_easy~own_target?model=tiny-7b`)
      await page.locator("article.pair").first().waitFor()
      expect(new Set(asked.filter((origin) => origin !== "null"))).toEqual(
        new Set([new URL(served.url).origin]),
      )
    } finally {
      await served.close()
    }
  })

  it("shows hostile texts and names as text", async () => {
    const { store, data } = await writeReportStore(join(root, "hostile"), {
      prompt: attack,
      response: attack,
    })
    await writeFigures(store)
    const report = await collectReport(store, { data })
    await writeSite(hostile(report), join(root, "hostile-site"))
    address = pathToFileURL(join(root, "hostile-site", "index.html")).href
    const name = encodeURIComponent(`${attack}alpaca_easy~${attack}own_target`)
    const routes = ["/overview", "/shifts", "/distributions", "/directions", "/personas", "/scale"]
    for (const route of [
      ...routes,
      `/shift/${name}`,
      `/distribution/${encodeURIComponent(`${attack}own_target`)}`,
    ]) {
      await open(route)
      await page.locator(".drawing svg, tbody tr, article").first().waitFor()
      await page.waitForTimeout(100)
      expect({ route, hacked: await page.evaluate("window.hacked") }).toEqual({ route, hacked: undefined })
      expect({ route, images: await page.locator("img, main script").count() }).toEqual({ route, images: 0 })
    }
    expect(await page.locator("h1").innerText()).toBe(`${attack}own_target`)
    expect(await page.locator("article.pair .data-text").first().innerText()).toContain(attack)
    await open("/shifts")
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "CSV of all rows" }).click(),
    ])
    // The name begins with a quote: the cell is quoted, and its quotes are doubled.
    expect((await contentOf(download)).toString()).toContain(`"${attack.replaceAll('"', '""')}alpaca_easy"`)
  })
})

/** What a page complains of, as it goes. */
function watch(page: Page): string[] {
  const problems: string[] = []
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text())
  })
  page.on("pageerror", (error) => problems.push(error.message))
  return problems
}

/** Every control has a name, every figure a description. */
async function expectNames(page: Page): Promise<void> {
  const nameless =
    await page.evaluate(`[...document.querySelectorAll("button, select, input, a, .drawing > svg")]
    .filter((node) => !(node.textContent || node.getAttribute("aria-label") || node.labels?.[0]?.textContent || "").trim())
    .map((node) => node.outerHTML.slice(0, 80))`)
  expect(nameless).toEqual([])
}

async function contentOf(download: Download): Promise<Buffer> {
  return readFileSync(await download.path())
}

/** A report whose names are attacks, which no store's folder could hold. */
function hostile(report: Report): Report {
  const rename = (name: string): string => `${attack}${name}`
  const { index } = report
  const renamed: SiteIndex = {
    ...index,
    title: rename(index.title),
    rows: index.rows.map((row) => ({
      ...row,
      model: rename(row.model),
      intervention: rename(row.intervention),
    })),
    shifts: index.shifts.map((shift, i) => ({
      ...shift,
      source: rename(shift.source),
      target: rename(shift.target),
      targetReference: rename(shift.targetReference),
      label: rename("label"),
      category: rename(`category ${i}`),
    })),
    suites: index.suites.map(rename),
    tables: index.tables.map((table) => ({ ...table, suite: rename(table.suite) })),
    distributions: index.distributions.map((entry) => ({
      ...entry,
      id: rename(entry.id),
      origins: [attack],
      overlapsBy: [attack],
      shared: entry.shared.map((shared) => ({
        ...shared,
        id: rename(shared.id),
        split: rename(shared.split),
      })),
    })),
    sweeps: index.sweeps.map((sweep) => ({
      ...sweep,
      model: rename(sweep.model),
      probe: rename(sweep.probe),
    })),
    directions: index.directions.map((entry) => ({ ...entry, names: entry.names.map(rename) })),
    projections: index.projections.map((entry) => ({ ...entry, probe: rename(entry.probe) })),
    components: index.components.map((entry) => ({ ...entry, probe: rename(entry.probe) })),
  }
  return {
    ...report,
    index: renamed,
    released: {
      ...report.released,
      results: report.released.results.map((row) => ({
        ...row,
        model: rename(row.model),
        intervention: rename(row.intervention),
      })),
    },
  }
}

/** Two sweeps, a comparison and a projection, as the commands write them. */
async function writeFigures(store: string): Promise<void> {
  const interval = (estimate: number): object => ({ estimate, low: estimate - 0.05, high: estimate + 0.05 })
  const sweep = (probe: string, units: readonly string[]): object => ({
    probe,
    source: "alpaca_mmlu",
    target: "truthful_qa",
    points: units.map((unit, i) => ({
      unit,
      source: interval(0.6 + 0.05 * (i % 5)),
      target: interval(0.5 + 0.03 * (i % 7)),
    })),
  })
  const model = "tiny-1b"
  const layers = ["resid.0", "resid.1", "resid.2", "resid.3"]
  const heads = [0, 1, 2].flatMap((layer) => [0, 1, 2, 3].map((head) => `heads.${layer}#${head}`))
  await writeStoredFigure(store, { kind: "sweeps", model, name: "a-lda" }, sweep("lda", layers))
  await writeStoredFigure(store, { kind: "sweeps", model, name: "b-mms" }, sweep("mms", heads))
  await writeStoredFigure(
    store,
    { kind: "directions", model, name: "probes" },
    {
      probes: [{ name: "mms-easy" }, { name: "mms-hard" }],
      cosine: [
        [1, 0.25],
        [0.25, 1],
      ],
      mahalanobis: [
        [1, null],
        [null, 1],
      ],
    },
  )
  await writeStoredFigure(
    store,
    { kind: "projections", model, name: "mms" },
    {
      probe: "mms",
      place: "resid.2",
      sets: ["alpaca_mmlu", "truthful_qa"].map((distribution) => ({
        distribution,
        split: "test",
        points: [
          [0.5, 1, 1],
          [-0.5, 0.25, 0],
          [0.75, -1, 1],
          [-1, 0, 0],
        ],
      })),
    },
  )
  await writeStoredFigure(
    store,
    { kind: "components", model, name: "mms" },
    {
      probe: "mms",
      source: "alpaca_mmlu",
      place: "resid.2",
      shares: [0.5, 0.25, 0.125],
      direction: [0.6, 0.5, 0.1],
      sets: ["alpaca_mmlu", "truthful_qa"].map((distribution) => ({
        distribution,
        split: "test",
        points: [
          [0.5, 1, 0.2],
          [-0.5, 0.25, -0.1],
          [0.75, -1, 0],
          [-1, 0, 0.4],
        ],
        labels: [1, 0, 1, 0],
      })),
    },
  )
}
