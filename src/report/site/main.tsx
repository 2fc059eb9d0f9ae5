// The report's page: reads the index and shows what the address names.

import { render, type JSX } from "preact"
import { useEffect, useRef, useState } from "preact/hooks"
import { modelsOf } from "./selection.ts"
import { dataFiles, type SiteIndex } from "../site-data.ts"
import { load } from "./load.ts"
import { Directions } from "./pages/directions.tsx"
import { DistributionPage, Distributions } from "./pages/distributions.tsx"
import { Overview } from "./pages/overview.tsx"
import { Personas } from "./pages/personas.tsx"
import { Scale } from "./pages/scale.tsx"
import { ShiftPage } from "./pages/shift.tsx"
import { Shifts } from "./pages/shifts.tsx"
import { distributionPlace, linkTo, shiftPlace, useRoute, type Route } from "./router.ts"
import "./page.css"

const pages = ["overview", "shifts", "distributions", "directions", "personas", "scale"] as const

function App({ index }: { index: SiteIndex }): JSX.Element {
  const route = useRoute()
  const main = useRef<HTMLElement>(null)
  const isFirst = useRef(true)
  const place = `${route.page}/${route.argument}`
  useEffect(() => {
    document.title = `${titleOf(index, route)} – Litmus: ${index.title}`
    if (isFirst.current) isFirst.current = false
    else {
      scrollTo(0, 0)
      main.current?.focus({ preventScroll: true })
    }
  }, [place])
  const section =
    route.page === "shift" ? "shifts" : route.page === "distribution" ? "distributions" : route.page
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <header>
        <p class="brand">
          <a href={linkTo("overview", "", route)}>Litmus</a> <span class="store">{index.title}</span>
        </p>
        <nav aria-label="Pages" class="no-print">
          {pages.map((page) => (
            <a key={page} href={linkTo(page, "", route)} aria-current={page === section ? "page" : undefined}>
              {page.charAt(0).toUpperCase() + page.slice(1)}
            </a>
          ))}
        </nav>
        <ThemeButton />
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <Page key={place} index={index} route={route} />
      </main>
      <footer>
        <p>
          {counted(modelsOf(index).length, "model")}, {counted(index.rows.length, "intervention")} on them,{" "}
          {counted(index.shifts.length, "shift")}. Made by Litmus {index.version}.
        </p>
      </footer>
    </>
  )
}

function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`
}

function Page({ index, route }: { index: SiteIndex; route: Route }): JSX.Element {
  const props = { index, route }
  switch (route.page) {
    case "overview":
      return <Overview {...props} />
    case "shifts":
      return <Shifts {...props} />
    case "shift":
      return <ShiftPage {...props} />
    case "distributions":
      return <Distributions {...props} />
    case "distribution":
      return <DistributionPage {...props} />
    case "directions":
      return <Directions {...props} />
    case "personas":
      return <Personas {...props} />
    case "scale":
      return <Scale {...props} />
    default:
      return (
        <>
          <h1>No such page</h1>
          <p>The address names the page “{route.page}”, which this report does not have.</p>
        </>
      )
  }
}

function titleOf(index: SiteIndex, { page, argument }: Route): string {
  const shift = index.shifts[shiftPlace(index, argument)]
  if (page === "shift" && shift) return `${shift.source} → ${shift.target}`
  if (page === "distribution" && distributionPlace(index, argument) >= 0) return argument
  return page
}

const themes = ["auto", "light", "dark"] as const

function ThemeButton(): JSX.Element {
  const [theme, setTheme] = useState<string>(remembered)
  useEffect(() => {
    if (theme === "auto") delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = theme
    try {
      localStorage.setItem("litmus-theme", theme)
    } catch {
      // Pages from the file system may not be allowed to remember anything.
    }
  }, [theme])
  const next = themes[(themes.indexOf(theme as "auto") + 1) % themes.length]!
  return (
    <button
      type="button"
      class="theme no-print"
      onClick={() => setTheme(next)}
      aria-label={`Theme: ${theme}; change to ${next}`}
    >
      {theme === "auto" ? "◐ Auto" : theme === "light" ? "○ Light" : "● Dark"}
    </button>
  )
}

function remembered(): string {
  try {
    return themes.find((theme) => theme === localStorage.getItem("litmus-theme")) ?? "auto"
  } catch {
    return "auto"
  }
}

const place = document.querySelector("#app")!

load(dataFiles.index).then(
  (index) => {
    place.replaceChildren()
    render(<App index={index} />, place)
  },
  (error: unknown) => {
    place.textContent = error instanceof Error ? error.message : String(error)
  },
)
