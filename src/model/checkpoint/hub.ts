// Checkpoints of the Hugging Face hub by their id, `org/name` or `org/name@revision`: downloaded into the hub's standard
// cache, where other tools find them and what these downloaded is found here. The hub's client says what there is and
// hands out bytes; resuming a file that was cut off and verifying it are done here.
//
// Layout: models--org--name/blobs/<etag>, snapshots/<commit>/<file> as links to blobs, refs/<revision> naming a commit.
// Environment: HF_HUB_CACHE, HF_HOME, HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE, as in Hugging Face's own tools.

import { createHash } from "node:crypto"
import { createReadStream, existsSync } from "node:fs"
import { open, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises"
import { basename, dirname, join, relative } from "node:path"
import { downloadFile, getHFHubCachePath, HubApiError, listFiles, modelInfo } from "@huggingface/hub"
import type { ListFileEntry } from "@huggingface/hub"
import { FileError, LitmusError, messageOf } from "../../base/errors.ts"
import { ifThere, makeFolder, parseJson } from "../../base/files.ts"
import type { HubModel } from "./hub-id.ts"

export interface HubOptions {
  /** Defaults to the process's own. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Called with bytes downloaded and in all, of the files that are missing. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/**
 * The folder of a model of the hub, downloaded where the hub's cache has not got all of it.
 *
 * @throws {LitmusError} if the hub cannot be reached and the cache lacks something: it names what; or the hub refuses
 */
export async function hubFolder(
  model: HubModel,
  { environment = process.env, onProgress }: HubOptions = {},
): Promise<string> {
  const storage = join(cacheFolder(environment), `models--${model.name.replace("/", "--")}`)
  const client = clientOf(model, environment)
  if (/^(1|true|yes|on)$/i.test(environment.HF_HUB_OFFLINE ?? "")) {
    return await heldFolder(model, storage, "HF_HUB_OFFLINE is set")
  }
  let commit: string
  let files: ListFileEntry[]
  try {
    commit = (await modelInfo({ ...client, name: model.name, additionalFields: ["sha"] })).sha
    const listed = await collect(listFiles({ ...client, revision: commit }))
    files = await wantedFiles(listed, async () => await readIndex({ ...client, revision: commit }))
  } catch (error) {
    if (error instanceof HubApiError) throw refused(model, error)
    if (!isUnreachable(error)) throw new LitmusError(`${idOf(model)}: ${messageOf(error)}`, { cause: error })
    return await heldFolder(model, storage, "the hub cannot be reached")
  }
  if (!/^[0-9a-f]{40}$/.test(commit)) throw new LitmusError(`${idOf(model)}: the hub named no commit`)
  const snapshot = join(storage, "snapshots", commit)
  const missing = files.filter(({ path }) => !existsSync(join(snapshot, path)))
  const total = missing.reduce((sum, { size }) => sum + size, 0)
  let done = 0
  try {
    for (const file of missing) {
      const before = done
      await fetchFile({ ...client, revision: commit }, file, { storage, snapshot }, (bytes) => {
        done = before + bytes
        onProgress?.(done, total)
      })
      done = before + file.size
    }
    if (model.revision !== commit) {
      const ref = join(storage, "refs", model.revision)
      await makeFolder(dirname(ref))
      await writeFile(ref, commit)
    }
  } catch (error) {
    if (error instanceof LitmusError) throw error
    if (error instanceof HubApiError) throw refused(model, error)
    throw new FileError(idOf(model), error, "(what was downloaded is kept: run the command again)")
  }
  return snapshot
}

/** The standard cache: HF_HUB_CACHE, or hub/ in HF_HOME, or the user's. */
function cacheFolder({
  HF_HUB_CACHE: hub,
  HF_HOME: home,
}: Readonly<Record<string, string | undefined>>): string {
  return hub ?? (home === undefined ? getHFHubCachePath() : join(home, "hub"))
}

/** What every call of the hub's client is told. */
interface Client {
  readonly repo: { readonly type: "model"; readonly name: string }
  readonly revision: string
  readonly hubUrl?: string
  readonly accessToken?: string
}

function clientOf(
  { name, revision }: HubModel,
  { HF_ENDPOINT: endpoint, HF_TOKEN: token }: Readonly<Record<string, string | undefined>>,
): Client {
  if (token && !token.startsWith("hf_"))
    throw new LitmusError("HF_TOKEN: expected a token that begins with hf_")
  return {
    repo: { type: "model", name },
    revision,
    ...(endpoint ? { hubUrl: endpoint.replace(/\/+$/, "") } : {}),
    ...(token ? { accessToken: token } : {}),
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

const wanted =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab)\.json$|^merges\.txt$/

const indexName = "model.safetensors.index.json"

/**
 * Configuration, tokenizer and weights: model.safetensors, else the files that its index names, else every safetensors
 * file.
 */
async function wantedFiles(
  files: readonly ListFileEntry[],
  index: () => Promise<ReadonlySet<string>>,
): Promise<ListFileEntry[]> {
  const plain = files.filter(({ type, path }) => type === "file" && !path.includes("/") && path !== "..")
  const weights = plain.filter(({ path }) => path.endsWith(".safetensors"))
  const sharded = plain.find(({ path }) => path === indexName)
  const whole = weights.find(({ path }) => path === "model.safetensors")
  const small = plain.filter(({ path }) => wanted.test(path))
  if (whole) return [...small, whole]
  if (!sharded) return [...small, ...weights]
  const named = await index()
  const missing = [...named].find((name) => !weights.some(({ path }) => path === name))
  if (missing !== undefined) {
    throw new LitmusError(`${indexName} names ${JSON.stringify(missing)}, which the model has not got`)
  }
  return [...small, sharded, ...weights.filter(({ path }) => named.has(path))]
}

/** The files that the index of a sharded model names. */
async function readIndex(client: Client): Promise<Set<string>> {
  const source = await downloadFile({ ...client, path: indexName })
  const content: unknown = source ? parseJson(await source.text(), indexName) : undefined
  const map: unknown =
    content !== null && typeof content === "object" ? Reflect.get(content, "weight_map") : null
  const names = map !== null && typeof map === "object" ? Object.values(map) : []
  if (names.length === 0 || !names.every((name) => typeof name === "string")) {
    throw new LitmusError(`${indexName}: expected an object "weight_map" that names files`)
  }
  return new Set(names)
}

/** Downloads one file into the cache: on from where it was cut off, and under its name once its bytes are right. */
async function fetchFile(
  client: Client,
  file: ListFileEntry,
  { storage, snapshot }: { storage: string; snapshot: string },
  onBytes: (done: number) => void,
): Promise<void> {
  const etag = file.lfs?.oid ?? file.oid ?? ""
  if (!/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(etag)) {
    throw new LitmusError(`${client.repo.name}: ${file.path}: the hub named no checksum`)
  }
  const blob = join(storage, "blobs", etag)
  await makeFolder(dirname(blob))
  if (!existsSync(blob)) await fetchBlob(client, file, blob, onBytes)
  const link = join(snapshot, file.path)
  await makeFolder(dirname(link))
  await symlink(relative(dirname(link), blob), link).catch((error: unknown) => {
    if (!existsSync(link)) throw error
  })
}

async function fetchBlob(
  client: Client,
  file: ListFileEntry,
  blob: string,
  onBytes: (done: number) => void,
): Promise<void> {
  const incomplete = `${blob}.incomplete`
  const held = await sizeOf(incomplete)
  let done = held !== undefined && held < file.size ? held : 0
  const hash = file.lfs ? createHash("sha256") : createHash("sha1").update(`blob ${file.size}\0`)
  const output = await open(incomplete, done > 0 ? "a" : "w")
  try {
    if (done > 0)
      for await (const chunk of createReadStream(incomplete, { end: done - 1 })) hash.update(chunk as Buffer)
    if (done < file.size) {
      const source = await downloadFile({ ...client, path: file.path })
      if (!source)
        throw new LitmusError(`${client.repo.name}: ${file.path}: the hub lists it and has not got it`)
      const rest = done > 0 ? source.slice(done) : source
      for await (const chunk of rest.stream()) {
        hash.update(chunk)
        await output.write(chunk)
        done += chunk.byteLength
        onBytes(done)
      }
    }
    await output.sync()
  } finally {
    await output.close()
  }
  if (hash.digest("hex") === basename(blob)) {
    await rename(incomplete, blob)
    return
  }
  await rm(incomplete, { force: true })
  throw new LitmusError(
    `${client.repo.name}: ${file.path}: expected ${file.size} bytes of the hub's checksum, got ${done} others: run the command again`,
  )
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await ifThere(stat(path)))?.size
}

/** The folder of what the cache has of a model; an error that names what it has not got. */
async function heldFolder(model: HubModel, storage: string, why: string): Promise<string> {
  const commit = /^[0-9a-f]{40}$/.test(model.revision)
    ? model.revision
    : await readFile(join(storage, "refs", model.revision), "utf8").catch(() => undefined)
  const fail = (what: string): never => {
    throw new LitmusError(
      `${idOf(model)}: no such folder here; taken for a model of the hub: ${why}, and its cache ${storage} has no ${what}`,
    )
  }
  if (commit === undefined) return fail(`revision ${model.revision}`)
  const snapshot = join(storage, "snapshots", commit.trim())
  const missing = (await neededFiles(snapshot)).filter((name) => !existsSync(join(snapshot, name)))
  return missing.length > 0 ? fail(missing.join(", ")) : snapshot
}

async function neededFiles(snapshot: string): Promise<string[]> {
  const always = ["config.json", "tokenizer.json"]
  const index = await readFile(join(snapshot, indexName), "utf8").catch(() => undefined)
  if (index === undefined || existsSync(join(snapshot, "model.safetensors")))
    return [...always, "model.safetensors"]
  try {
    const { weight_map: map } = JSON.parse(index) as { weight_map: Record<string, string> }
    return [...always, ...new Set(Object.values(map))]
  } catch {
    return [...always, "sound model.safetensors.index.json"]
  }
}

function refused(model: HubModel, { statusCode, message }: HubApiError): LitmusError {
  const why =
    statusCode === 401 || statusCode === 403
      ? "the hub refuses: it does not exist, or is private or gated (accept its terms and set HF_TOKEN)"
      : statusCode === 404
        ? "no such folder here, and no such model or revision on the hub"
        : `the hub answers ${statusCode}: ${message}`
  return new LitmusError(`${idOf(model)}: ${why}`)
}

function idOf({ name, revision }: HubModel): string {
  return revision === "main" ? name : `${name}@${revision}`
}

/** True for what fetch throws where there is no network, or no server. */
function isUnreachable(error: unknown): boolean {
  return error instanceof TypeError && /fetch failed|network/i.test(error.message)
}
