// Errors that a user can act on. Their message is one line, `what: expected, got actual`, and says what to
// do where that helps; the command line prints it and nothing else unless --debug is given.

/** Something the user gave, or the machine did, that Litmus cannot go on with. */
export class LitmusError extends Error {
  override name = "LitmusError"
}

/** Data that a model or an intervention cannot be used on: a benchmark marks the row, says why, and goes on. */
export class UnusableDataError extends LitmusError {
  override name = "UnusableDataError"
}

/** An array or tensor whose shape is not the one that was asked for. */
export class ShapeError extends LitmusError {
  override name = "ShapeError"
}

/**
 * A file or folder that could not be read or written, or a disk that is full. A benchmark ends with it, where any other error
 * leaves out a cell.
 */
export class FileError extends LitmusError {
  override name = "FileError"
  /** What the system calls it: `ENOENT`, `ENOSPC`. */
  readonly code: unknown

  /**
   * @param what - what failed, with the path: `cannot read model/config.json`
   * @param cause - what the system threw; the message says it in words
   * @param hint - what to do, in parentheses
   */
  constructor(what: string, cause: unknown, hint = "") {
    super(`${what}: ${describeCause(cause)}${hint && ` ${hint}`}`, { cause })
    this.code = errorCode(cause)
  }
}

/** The system's code of an error; undefined for an error that is not the system's. */
export function errorCode(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined
}

/** True for an error that says that a file or folder does not exist. */
export function isMissing(error: unknown): boolean {
  const code = errorCode(error)
  return code === "ENOENT" || code === "ENOTDIR"
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/**
 * The sentence that lists the known names when an unknown one was given, the nearest first.
 *
 * @param kind - what is named, in the singular: `distribution`, `intervention`
 * @param name - the unknown name
 * @param known - every known name
 */
export function unknownName(kind: string, name: string, known: readonly string[]): LitmusError {
  const nearest = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance)[0]
  const close = nearest !== undefined && nearest.distance <= Math.max(2, name.length / 3)
  const hint = close ? `did you mean "${nearest.candidate}"? ` : ""
  const list = known.length > 12 ? `${known.slice(0, 12).join(", ")}, … (${known.length})` : known.join(", ")
  return new LitmusError(`unknown ${kind} "${name}": ${hint}known: ${list || "none"}`)
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, substitution))
    }
    row = next
  }
  return row[b.length]!
}

/** What the system's error means, in words. */
function describeCause(error: unknown): string {
  switch (errorCode(error)) {
    case "ENOENT":
      return "no such file or folder"
    case "ENOSPC":
      return "no space left on the disk (what was finished is kept: free some space and run the command again)"
    case "EFBIG":
      return "the file would grow larger than the system allows (ulimit -f, or a limit of the file system)"
    case "EACCES":
    case "EPERM":
      return "permission denied"
    case "EISDIR":
      return "it is a folder"
    case "ENOTDIR":
    case "EEXIST":
      return "there is a file where a folder should be"
    case "EROFS":
      return "the file system is read-only"
    default:
      return messageOf(error)
  }
}
