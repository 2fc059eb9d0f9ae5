// Addresses: #/page/argument?choices. Every choice stands in the address, so that a view can be linked to; the hash works
// on any server and from the file system.

import { useEffect, useState } from "preact/hooks"

export interface Route {
  readonly page: string
  /** What is opened on the page: the number of a shift or distribution. */
  readonly argument: string
  readonly choices: Readonly<Record<string, string>>
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2)
  const [page = "", argument = ""] = path.split("/", 2)
  return { page: page || "overview", argument, choices: Object.fromEntries(new URLSearchParams(query)) }
}

export function formatRoute({ page, argument, choices }: Route): string {
  const query = new URLSearchParams(choices).toString()
  return `#/${page}${argument === "" ? "" : `/${argument}`}${query === "" ? "" : `?${query}`}`
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash))
  useEffect(() => {
    const update = (): void => setRoute(parseRoute(location.hash))
    addEventListener("hashchange", update)
    return () => removeEventListener("hashchange", update)
  }, [])
  return route
}

/** Changes choices of the page without a step in the history; undefined takes one away. */
export function choose(changes: Readonly<Record<string, string | undefined>>): void {
  const route = parseRoute(location.hash)
  const choices = Object.fromEntries(
    Object.entries({ ...route.choices, ...changes }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  )
  history.replaceState(null, "", formatRoute({ ...route, choices }))
  dispatchEvent(new HashChangeEvent("hashchange"))
}

/** Choices that go along from page to page. */
const kept = ["view", "model", "metric"]

/** The address of a page, with the choices that go along. */
export function linkTo(
  page: string,
  argument: string,
  { choices }: Route,
  more: Record<string, string> = {},
): string {
  const along = Object.fromEntries(Object.entries(choices).filter(([name]) => kept.includes(name)))
  return formatRoute({ page, argument, choices: { ...along, ...more } })
}
