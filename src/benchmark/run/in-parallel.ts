// A few pieces of work side by side.

/**
 * Runs all, `jobs` at a time, in their order. After the first failure no further piece is begun; those that run are waited
 * for, so that nothing is written once this has ended.
 *
 * @throws what the first piece to fail throws
 */
export async function inParallel(jobs: number, pieces: readonly (() => Promise<void>)[]): Promise<void> {
  let next = 0
  const failures: unknown[] = []
  const worker = async (): Promise<void> => {
    while (failures.length === 0 && next < pieces.length) {
      const piece = pieces[next++]!
      try {
        await piece()
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, pieces.length) }, worker))
  if (failures.length > 0) throw failures[0]
}
