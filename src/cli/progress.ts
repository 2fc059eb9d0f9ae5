// Progress bars on standard error: one task at a time, with speed and time left. Where standard error is not a
// terminal, one line for each task that had work to do.

import { MultiBar, type SingleBar } from "cli-progress"
import type { Progress } from "../progress.ts"
import { plainText } from "./table.ts"

const barFormat = "{name}  {bar} {percentage} %  {done}/{all} {unit}  {speed} {unit}/s  {left} left  {note}"
// Where the bar would push the rest out of the terminal.
const narrowFormat = "{name}  {percentage} %  {done}/{all} {unit}  {speed}/s  {left} left"

/** Draws on standard error, unless quiet. */
export function terminalProgress({ quiet }: { quiet: boolean }): Progress {
  const stream = process.stderr
  return {
    task(title, unit) {
      const name = plainText(title)
      let started = 0
      let total = 0
      let bars: MultiBar | undefined
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
          speed: thousands(speed),
          left: done > 0 ? duration((total - done) / speed) : "?",
        }
      }
      return {
        update(done, all, how = "") {
          if (quiet) return
          note = how
          if (started === 0) started = performance.now()
          total = all
          if (!stream.isTTY) return
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
          bar ??= bars.create(all, 0, payload(0))
          bar.update(done, payload(done))
          // The engine blocks timers while it runs: draw now.
          bars.update()
        },
        end() {
          bars?.stop()
          if (quiet || started === 0) return
          const seconds = (performance.now() - started) / 1000
          stream.write(
            `${name.padEnd(26)}  ${thousands(total)} ${unit} in ${duration(seconds)} (${thousands(total / seconds)} ${unit}/s)${note && `  ${note}`}\n`,
          )
        },
      }
    },
  }
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
