// A browser for tests of pages: Debian's chromium, or the one that LITMUS_CHROMIUM names.

import { existsSync } from "node:fs"
import { chromium, type Browser } from "playwright-core"

const executable = [process.env.LITMUS_CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"].find(
  (path) => path !== undefined && existsSync(path),
)

export const hasBrowser = executable !== undefined

/** To be appended to the name of a test or suite that is skipped without a browser. */
export const needsBrowser = hasBrowser ? "" : " (skipped: needs /usr/bin/chromium, or LITMUS_CHROMIUM)"

/** Starts the browser; the caller closes it. */
export function launch(): Promise<Browser> {
  // Inside containers chromium has no sandbox of its own.
  return chromium.launch({ executablePath: executable!, args: ["--no-sandbox"] })
}
