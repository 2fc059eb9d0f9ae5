// Jobs for clusters: the words reach the program as they are, whatever is in them, and what cannot stand is refused.

import { execFileSync } from "node:child_process"
import { describe, expect, it } from "vitest"
import { kubernetesJob, shellWord, slurmScript } from "../../src/cli/job-file.ts"

const command = ["litmus", "extract", "--model", "my models/l'été $HOME", "--data", "genies"]
const job = { command, shards: 4, name: "litmus-extract", cpus: 2, memory: "16G" }

describe("a Slurm script", () => {
  it("is an array of as many tasks as shards, and a shell runs the command with its words as they are", () => {
    const script = slurmScript({ ...job, time: "04:00:00", gpus: 1 })
    expect(script.split("\n").slice(0, 10)).toEqual([
      "#!/bin/bash",
      "#SBATCH --job-name=litmus-extract",
      "#SBATCH --array=0-3",
      "#SBATCH --ntasks=1",
      "#SBATCH --cpus-per-task=2",
      "#SBATCH --mem=16G",
      "#SBATCH --time=04:00:00",
      "#SBATCH --gpus-per-task=1",
      "#SBATCH --output=litmus-extract-%A_%a.log",
      "set -euo pipefail",
    ])
    // Run by a shell, with a program in litmus's place that prints its words.
    const printing = script.replace("exec litmus", "exec printf '%s\\n'")
    const printed = execFileSync("bash", ["-c", printing], { encoding: "utf8" })
    const expected = [...command.slice(1), "--threads", "2", "--shard", "auto/4"]
    expect(printed).toBe(`${expected.join("\n")}\n`)
  })

  it("of other numbers of tasks names them to each task", () => {
    const script = slurmScript({ ...job, array: "0-6:2" })
    expect(script).toContain("#SBATCH --array=0-6:2\n")
    expect(script).toContain(" --shard auto/0-6:2\n")
  })

  it.each([
    [{ array: "1-8" }, "array: expected 4 tasks, got 8 in 1-8"],
    [
      { array: "1-4%2" },
      'tasks: expected numbers as for Slurm\'s --array, 0-7, 0-14:2 or 1,3,7-9, got "1-4%2"',
    ],
    [{ name: "a b" }, 'name: expected letters, digits and .:%@+-, got "a b"'],
    [{ memory: "16G\n#SBATCH --account=x" }, "memory: expected letters"],
    [{ shards: 0 }, "shards: expected a positive integer, got 0"],
    [{ command: [] }, "command: expected a litmus command, got none"],
    [{ command: [...command, "--shard", "1/2"] }, "command: the job itself adds --shard"],
  ])("of %j is refused", (wrong, message) => {
    expect(() => slurmScript({ ...job, ...wrong })).toThrow(message)
  })
})

describe("a Kubernetes Job", () => {
  const kubernetes = {
    ...job,
    memory: "16Gi",
    image: "registry/litmus:1",
    volume: { claim: "work", path: "/work" },
  }

  it("is indexed, of as many completions as shards, with the command as a list of words", () => {
    const lines = kubernetesJob(kubernetes).split("\n")
    const field = (name: string): string => lines.find((line) => line.trim().startsWith(`${name}:`))!.trim()
    expect(field("completionMode")).toBe("completionMode: Indexed")
    expect(field("completions")).toBe("completions: 4")
    expect(JSON.parse(field("command").slice("command: ".length))).toEqual([
      ...command,
      "--threads",
      "2",
      "--shard",
      "auto/4",
    ])
    expect(JSON.parse(field("limits").slice("limits: ".length))).toEqual({ cpu: "2", memory: "16Gi" })
    expect(field("claimName")).toBe('claimName: "work"')
  })

  it("keeps the threads that the command asks for", () => {
    for (const words of [["--threads", "7"], ["--threads=7"]]) {
      const text = kubernetesJob({ ...kubernetes, command: [...command, ...words] })
      expect(text.match(/--threads/g)!.length).toBe(1)
    }
  })

  it("of a name that Kubernetes does not take is refused", () => {
    expect(() => kubernetesJob({ ...kubernetes, name: "Litmus" })).toThrow(
      'name: expected lower-case letters, digits and dashes, got "Litmus"',
    )
  })
})

describe("a word for a shell", () => {
  it.each(["plain", "with space", "it's", "$(rm -rf x)", "a\nb", "", "~", "*"])(
    "%j is read as it is",
    (word) => {
      expect(execFileSync("sh", ["-c", `printf %s ${shellWord(word)}`], { encoding: "utf8" })).toBe(word)
    },
  )
})
