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
