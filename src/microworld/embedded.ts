// The embedded default: the small model that comes with the package and the data folder of its world.

import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { LitmusError } from "../errors.ts"

export { embeddedData } from "./write.ts"

/**
 * Folder of the checkpoint that comes with the package.
 *
 * @throws {LitmusError} if the package was installed without it
 */
export function embeddedModel(): string {
  // Sources and the built package lie at different depths.
  const places = ["./model", "../../../src/microworld/model"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  )
  const found = places.find((path) => existsSync(`${path}/model.safetensors`))
  if (found === undefined) {
    throw new LitmusError(
      `the embedded model is missing (expected in ${places.at(-1)}): give --model, or make it with npm run pretrain`,
    )
  }
  return found
}
