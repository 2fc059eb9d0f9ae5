// The files of the GENIES release that Litmus reads, with what they must be. The lists ship with the package; they are
// loaded when asked for.

/** One file of the release. */
export interface ReleaseFile {
  /** In the release, parts separated by `/`: `distributions/alpaca_easy/train.json`. */
  readonly path: string
  readonly bytes: number
  /** In hexadecimal. */
  readonly sha256: string
}

/**
 * The files of the release: shifts, then the train, test and metadata files of its 66 distributions.
 *
 * @param options.results - its evaluations and tables too, which `litmus import-results` reads; defaults to false
 */
export async function releaseFiles({ results = false }: { results?: boolean } = {}): Promise<ReleaseFile[]> {
  const { dataFiles } = await import("./release-files-data.ts")
  if (!results) return parseListing(dataFiles)
  const { resultFiles } = await import("./release-files-results.ts")
  return [...parseListing(dataFiles), ...parseListing(resultFiles)]
}

function parseListing(text: string): ReleaseFile[] {
  return text
    .trim()
    .split("\n\n")
    .flatMap((block) => {
      const [folder, ...lines] = block.split("\n")
      return lines.map((line) => {
        const [name, bytes, hash = ""] = line.split(" ")
        return {
          path: `${folder}/${name}`,
          bytes: Number(bytes),
          sha256: Buffer.from(hash, "base64url").toString("hex"),
        }
      })
    })
}
