// Long lists are shown a page at a time.

/** Entries on a page. */
export const pageSize = 20

/** The page that an address names, kept within what there is. */
export function pageOf(choice: string | undefined, total: number): number {
  const page = Number(choice ?? 1)
  const last = Math.max(1, Math.ceil(total / pageSize))
  return Number.isSafeInteger(page) && page >= 1 ? Math.min(page, last) : 1
}

/** The entries of a page. */
export function entriesOn<T>(list: readonly T[], page: number): readonly T[] {
  return list.slice((page - 1) * pageSize, page * pageSize)
}
