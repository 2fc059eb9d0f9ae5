// Sentences that several figures need.

import type { View } from "../../../data/suites.ts"

/** Names the view, which every figure does. */
export function viewNote(view: View): string {
  return `View ${view}`
}

/** What a view is, in a sentence. */
export const viewWords: Readonly<Record<View, string>> = {
  corrected: "labels of reward_seeking and survival_influence inverted, every shift once",
  "as-printed":
    "labels of reward_seeking and survival_influence inverted, shifts as often as the release lists them",
  "as-released": "the release's labels and lists as they are",
}

export const views = Object.keys(viewWords) as View[]
