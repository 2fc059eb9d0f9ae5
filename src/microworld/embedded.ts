// The embedded default: the small model that comes with the package and the data folder of its world.

import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { LitmusError } from "../base/errors.ts"

export { embeddedData } from "./write.ts"

// Sources and the built package lie at different depths.
const places = ["./model", "../../../src/microworld/model"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
)

/** What stores of results call the embedded model. */
export const embeddedModelName = "embedded"

/**
 * Folder of the checkpoint that comes with the package.
 *
 * @throws {LitmusError} if the package was installed without it
 */
export function embeddedModel(): string {
  const found = places.find(isCheckpoint)
  if (found === undefined) {
    throw new LitmusError(
      `the embedded model is missing (expected in ${places.at(-1)}): give --model, or make it with npm run pretrain`,
    )
  }
  return found
}

/** Whether a folder is that of the embedded model. */
export function isEmbeddedModel(folder: string): boolean {
  return places.some((place) => place === folder && isCheckpoint(place))
}

function isCheckpoint(folder: string): boolean {
  return existsSync(`${folder}/model.safetensors`)
}
