// Progress bars on standard error: those of all tasks that are under way, with speed and time left. A task that had work
// to do leaves one line, but for the short parts of a longer task: a benchmark has hundreds.

import { MultiBar, type SingleBar } from "cli-progress"
import type { Progress } from "../base/progress.ts"
import { errorLine } from "./error-line.ts"
import { plainText } from "./plain-text.ts"

const barFormat = "{name}  {bar} {percentage} %  {done}/{all} {unit}  {speed} {unit}/s  {left} left  {note}"
// Where the bar would push the rest out of the terminal.
const narrowFormat = "{name}  {percentage} %  {done}/{all} {unit}  {speed}/s  {left} left"

// Seconds under which a part of a longer task is not worth a line.
const worthALine = 1

/** Draws on standard error, unless quiet. */
export function terminalProgress({ quiet }: { quiet: boolean }): Progress {
  const stream = process.stderr
  // All tasks that are under way share one block of bars.
  let bars: MultiBar | undefined
  let active = 0
  let underWay = 0
  const addBar = (total: number, payload: Record<string, string>): SingleBar => {
    bars ??= new MultiBar({
      format: stream.columns < 120 ? narrowFormat : barFormat,
      stream,
      barCompleteChar: "█",
      barIncompleteChar: "░",
      barsize: 24,
      hideCursor: true,
      clearOnComplete: true,
      forceRedraw: true,
    })
    active++
    return bars.create(total, 0, payload)
  }
  const removeBar = (bar: SingleBar): void => {
    active--
    if (active > 0) {
      bars?.remove(bar)
      return
    }
    bars?.stop()
    bars = undefined
  }
  const say = (line: string): void => {
    if (bars) bars.log(`${line}\n`)
    else stream.write(`${line}\n`)
  }
  return {
    note: (line) => say(errorLine(`note: ${line}`).trimEnd()),
    task(title, unit) {
      const name = plainText(title)
      underWay++
      let started = 0
      let reached = 0
      let total = 0
      let bar: SingleBar | undefined
      let note = ""
      const payload = (done: number): Record<string, string> => {
        const seconds = (performance.now() - started) / 1000
        const speed = done / Math.max(seconds, 1e-3)
        return {
          name: name.padEnd(26),
          unit,
          note,
          done: thousands(done),
          all: thousands(total),
          speed: rate(speed),
          left: done > 0 ? duration((total - done) / speed) : "?",
        }
      }
      return {
        update(done, all, how = "") {
          if (quiet) return
          note = how
          if (started === 0) started = performance.now()
          reached = done
          total = all
          if (!stream.isTTY) return
          bar ??= addBar(all, payload(0))
          bar.setTotal(all)
          bar.update(done, payload(done))
          // The engine blocks timers while it runs: draw now.
          bars?.update()
        },
        end() {
          underWay--
          if (bar) removeBar(bar)
          // What failed, or was stopped, has no total to report.
          if (quiet || started === 0 || reached < total) return
          const seconds = (performance.now() - started) / 1000
          if (underWay > 0 && seconds < worthALine) return
          const speed = rate(total / seconds)
          say(
            `${name.padEnd(26)}  ${thousands(total)} ${unit} in ${duration(seconds)} (${speed} ${unit}/s)${note && `  ${note}`}`,
          )
        },
      }
    },
  }
}

/** 0.4, 12, 1,234 */
function rate(value: number): string {
  return value < 10 ? value.toFixed(1) : thousands(value)
}

/** 1,234,567 */
export function thousands(value: number): string {
  return Math.round(value).toLocaleString("en-US")
}

/** 0.8 s, 42 s, 3 min 20 s, 2 h 5 min */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?"
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
