// How long work reports how far it is. The library only calls this; the command line draws it.

export interface ProgressTask {
  /**
   * Units done so far and in all. A task that is never updated had nothing to do.
   *
   * @param note - how it goes: the loss, the accuracy
   */
  update(done: number, total: number, note?: string): void
  /** Ends the task, through or not: one that has not reached its total has failed. */
  end(): void
}

export interface Progress {
  /** Begins a task; `unit` in the plural: tokens, bytes, steps. */
  task(name: string, unit: string): ProgressTask
  /** Says something that the user should know. */
  note?: (line: string) => void
}
