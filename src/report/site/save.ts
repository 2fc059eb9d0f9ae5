// Downloads: figures as SVG and PNG, and texts.

import { standaloneSvg, type Theme } from "./figures/standalone.ts"

/** The theme that the page has now. */
export function currentTheme(): Theme {
  const chosen = document.documentElement.dataset.theme
  if (chosen === "light" || chosen === "dark") return chosen
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"
}

export function saveText(name: string, type: string, text: string): void {
  saveBlob(name, new Blob([text], { type }))
}

function saveBlob(name: string, blob: Blob): void {
  const link = document.createElement("a")
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}

function textOf(svg: SVGSVGElement): string {
  return standaloneSvg(svg, currentTheme(), (element) => new XMLSerializer().serializeToString(element))
}

export function saveSvg(name: string, svg: SVGSVGElement): void {
  saveText(`${name}.svg`, "image/svg+xml", textOf(svg))
}

/** Two pixels a CSS pixel. */
export async function savePng(name: string, svg: SVGSVGElement): Promise<void> {
  const image = new Image()
  const url = URL.createObjectURL(new Blob([textOf(svg)], { type: "image/svg+xml" }))
  try {
    image.src = url
    await image.decode()
    const canvas = document.createElement("canvas")
    canvas.width = 2 * image.naturalWidth
    canvas.height = 2 * image.naturalHeight
    canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height)
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"))
    if (blob) saveBlob(`${name}.png`, blob)
  } finally {
    URL.revokeObjectURL(url)
  }
}
