// Addresses: #/page/argument?choices. Every choice is in the address, so that a view can be linked to; the hash works
// on any server and from the file system.

import { useEffect, useState } from "preact/hooks"
import type { ShiftEntry, SiteIndex } from "../site-data.ts"

export interface Route {
  readonly page: string
  /** What is opened on the page: the name of a shift or distribution. */
  readonly argument: string
  readonly choices: Readonly<Record<string, string>>
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2)
  const [page = "", argument = ""] = path.split("/", 2)
  return {
    page: page || "overview",
    argument: decoded(argument),
    choices: Object.fromEntries(new URLSearchParams(query)),
  }
}

/** An address may have been typed: what is not encoded properly is taken as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export function formatRoute({ page, argument, choices }: Route): string {
  const query = new URLSearchParams(choices).toString()
  return `#/${page}${argument === "" ? "" : `/${encodeURIComponent(argument)}`}${query === "" ? "" : `?${query}`}`
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

/** What an address calls a shift: names, so that it stays when the store grows. */
export function shiftArgument({ source, target, targetReference }: ShiftEntry): string {
  return [source, target, ...(targetReference === target ? [] : [targetReference])].join("~")
}

/** The place of the shift that an address names; -1 if there is none. */
export function shiftPlace({ shifts }: SiteIndex, argument: string): number {
  return shifts.findIndex((shift) => shiftArgument(shift) === argument)
}

/** The place of the distribution that an address names; -1 if there is none. */
export function distributionPlace({ distributions }: SiteIndex, argument: string): number {
  return distributions.findIndex(({ id }) => id === argument)
}
