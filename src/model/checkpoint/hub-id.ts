// Names of models on the Hugging Face hub.

export interface HubModel {
  readonly name: string
  /** A branch, tag or commit; `main` by default. */
  readonly revision: string
}

/** Reads `org/name` or `org/name@revision`; undefined for anything else, a path among them. */
export function parseHubModel(text: string): HubModel | undefined {
  const match = /^([\w-][\w.-]*\/[\w-][\w.-]*)(?:@([\w][\w./-]*))?$/.exec(text)
  return match && !text.includes("..") ? { name: match[1]!, revision: match[2] ?? "main" } : undefined
}
