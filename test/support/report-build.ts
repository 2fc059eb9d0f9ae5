// The report's page and figures as `npm run build` leaves them (`npm test` builds first).

import { existsSync } from "node:fs"
import { join } from "node:path"
import { builtFolder } from "../../src/report/write-site.ts"

export const hasBuild =
  existsSync(join(builtFolder("page"), "page.js")) && existsSync(join(builtFolder("figures"), "figures.mjs"))

/** To be appended to the name of a test or suite that is skipped without the build. */
export const needsBuild = hasBuild ? "" : " (skipped: needs npm run build)"
