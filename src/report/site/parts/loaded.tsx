// Content that needs a data file.

import type { ComponentChildren, JSX } from "preact"
import { useEffect, useState } from "preact/hooks"
import type { DataFile } from "../../site-data.ts"
import { load } from "../load.ts"

/** Shows what is made of a data file once it is there; until then, and if it never is, says so. */
export function Loaded<Content>({
  file,
  what,
  children,
}: {
  file: DataFile<Content>
  what: string
  children: (data: Content) => ComponentChildren
}): JSX.Element {
  const [state, setState] = useState<{ name: string; data?: Content; error?: string }>({ name: file.name })
  useEffect(() => {
    let isCurrent = true
    load(file).then(
      (data) => isCurrent && setState({ name: file.name, data }),
      (error: unknown) =>
        isCurrent &&
        setState({ name: file.name, error: error instanceof Error ? error.message : String(error) }),
    )
    return () => {
      isCurrent = false
    }
  }, [file.name])
  const current = state.name === file.name ? state : { name: file.name }
  if (current.error !== undefined) return <p role="alert">{current.error}</p>
  if (current.data === undefined) return <p role="status">Reading {what} …</p>
  return <>{children(current.data)}</>
}
