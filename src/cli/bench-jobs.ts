// litmus bench --jobs: processes that take parts of the plan, one at a time, into the one store. The engine holds the
// JavaScript of its process while it runs: only what has a process of its own runs side by side.

import { fork, type ChildProcess } from "node:child_process"
import { LitmusError, messageOf } from "../base/errors.ts"
import type { Progress, ProgressTask } from "../base/progress.ts"
import type { Shard } from "../base/shards.ts"

/** What a process says: how far its tasks are, and that it is through with its part. */
type Report =
  | {
      readonly kind: "update"
      readonly task: number
      readonly name: string
      readonly unit: string
      readonly done: number
      readonly total: number
      readonly note?: string | undefined
    }
  | { readonly kind: "end"; readonly task: number }
  | { readonly kind: "through"; readonly made: number }

/**
 * Has processes of this same command do the parts of a plan.
 *
 * @param options.parts - how many there are; handed out in their order
 * @param options.onPart - called when one is through
 * @returns how many evaluations were made
 * @throws {LitmusError} if a process ends before its part does; the others are stopped
 */
export async function runInJobs({
  jobs,
  parts,
  progress,
  onPart,
}: {
  jobs: number
  parts: number
  progress: Progress
  onPart: (part: Shard) => void
}): Promise<number> {
  let next = 0
  let made = 0
  const children = Array.from({ length: Math.min(jobs, parts) }, startJob)
  const work = (child: ChildProcess): Promise<void> =>
    new Promise((resolve, reject) => {
      const tasks = new Map<number, ProgressTask>()
      let complaint = ""
      let part: Shard | undefined
      const handOut = (): void => {
        part = next < parts ? { index: next++, count: parts } : undefined
        if (part) child.send(part)
        else child.disconnect()
      }
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        complaint = (complaint + text).slice(-4000)
      })
      child.on("message", (said: Report) => {
        if (said.kind === "update") {
          const task = tasks.get(said.task) ?? progress.task(said.name, said.unit)
          tasks.set(said.task, task)
          task.update(said.done, said.total, said.note)
        } else if (said.kind === "end") {
          tasks.get(said.task)?.end()
          tasks.delete(said.task)
        } else {
          made += said.made
          onPart(part!)
          handOut()
        }
      })
      child.on("error", reject)
      child.on("exit", (code, signal) => {
        for (const task of tasks.values()) task.end()
        if (part === undefined) resolve()
        else reject(new LitmusError(describeEnd(code, signal, complaint)))
      })
      handOut()
    })
  try {
    await Promise.all(children.map(work))
  } catch (error) {
    for (const child of children) child.kill("SIGKILL")
    throw error
  }
  return made
}

/** This same command again, as a process that waits for parts. */
function startJob(): ChildProcess {
  const [, script = "", ...args] = process.argv
  return fork(script, [...args, "--job"], { stdio: ["ignore", "ignore", "pipe", "ipc"] })
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null, complaint: string): string {
  const how = signal === null ? `with code ${code}` : `by ${signal}`
  const said = complaint.match(/^litmus: (.*)$/m)?.[1]
  const why = said ? `: ${said}` : signal === "SIGKILL" ? " (was memory short? then give fewer --jobs)" : ""
  return `a process of --jobs was ended ${how}${why}; what is done is kept: run the same command again`
}

/** How far a process of `--jobs` is, told to the one that started it. */
export function reportingProgress(): Progress {
  let count = 0
  return {
    task(name, unit) {
      const task = count++
      return {
        update: (done, total, note) => say({ kind: "update", task, name, unit, done, total, note }),
        end: () => say({ kind: "end", task }),
      }
    },
  }
}

/**
 * What a process of `--jobs` does: every part that it is handed, until there are no more, or nobody is there to hand them.
 *
 * @param work - does a part; returns the evaluations made. What fails in it is left to the run that gathers the parts
 */
export function serveParts(work: (part: Shard) => Promise<number>): Promise<void> {
  return new Promise((resolve) => {
    process.on("message", (part: Shard) => {
      work(part)
        .catch((error: unknown) => {
          if (!(error instanceof LitmusError)) throw error
          process.stderr.write(`litmus: ${messageOf(error)}\n`)
          return 0
        })
        .then((made) => say({ kind: "through", made }))
        .catch((error: unknown) => {
          process.stderr.write(`litmus: ${messageOf(error)}\n`)
          process.exit(1)
        })
    })
    process.on("disconnect", resolve)
  })
}

function say(report: Report): void {
  if (process.connected) process.send?.(report)
}
