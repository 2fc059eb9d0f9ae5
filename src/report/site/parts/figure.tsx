// A figure on the page: drawn anew when its width or its data change, with its numbers as a table below it and both to
// be saved.

import { useEffect, useRef, useState } from "preact/hooks"
import type { JSX } from "preact"
import type { Canvas } from "../figures/frame.ts"
import { savePng, saveSvg } from "../save.ts"
import { DataTable, type TableData } from "./table.tsx"

export interface FigureProps {
  /** Name of saved files. */
  readonly name: string
  readonly draw: (canvas: Canvas) => SVGSVGElement
  /** What the drawing depends on. */
  readonly inputs: readonly unknown[]
  /** Its numbers: what a screen reader reads, and what is saved as CSV. */
  readonly table: TableData
  readonly maxWidth?: number
}

export function Figure({ name, draw, inputs, table, maxWidth = 900 }: FigureProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null)
  const svg = useRef<SVGSVGElement | undefined>(undefined)
  const width = useWidth(place, maxWidth)
  useEffect(() => {
    if (width === 0) return
    svg.current = draw({ document, width })
    place.current?.replaceChildren(svg.current)
  }, [width, ...inputs])
  return (
    <figure class="figure">
      <div class="drawing" ref={place} />
      <div class="figure-actions no-print">
        <button type="button" onClick={() => svg.current && saveSvg(name, svg.current)}>
          SVG<span class="hidden"> of {name}</span>
        </button>
        <button type="button" onClick={() => svg.current && void savePng(name, svg.current)}>
          PNG<span class="hidden"> of {name}</span>
        </button>
        <details>
          <summary>
            Numbers<span class="hidden"> of {name}</span>
          </summary>
          <DataTable name={name} {...table} />
        </details>
      </div>
    </figure>
  )
}

/** The width of an element in whole pixels, as it changes; 0 until it is known. */
export function useWidth(place: { readonly current: HTMLElement | null }, maxWidth: number): number {
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const element = place.current
    if (!element) return
    const measure = (): void => setWidth(Math.min(maxWidth, Math.floor(element.clientWidth)))
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [maxWidth])
  return width
}
