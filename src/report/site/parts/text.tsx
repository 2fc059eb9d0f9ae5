// A text from a data set: shown as text, never as markup; long ones can be opened.

import type { JSX } from "preact"
import { useState } from "preact/hooks"

/** Characters that are shown of a long text before it is opened. */
const shownAtFirst = 600

export function DataText({ text }: { text: string }): JSX.Element {
  const [isOpen, setOpen] = useState(false)
  const isLong = text.length > shownAtFirst * 1.25
  const shown = isLong && !isOpen ? `${text.slice(0, shownAtFirst)} …` : text
  return (
    <div class="data-text" dir="auto">
      {shown === "" ? <em class="faint">(empty)</em> : shown}
      {isLong ? (
        <button type="button" class="no-print more" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? "Show less" : `Show all ${text.length} characters`}
        </button>
      ) : null}
    </div>
  )
}
