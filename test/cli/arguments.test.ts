// Arguments that make no sense: one line on standard error that says what is wrong, a non-zero exit code, nothing on
// standard output.

import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { litmus } from "../support/cli.ts"
import { complaintOf, extractMore as extract, smallWorld, transferTo } from "../support/small-world.ts"

const { root, data, model, inputs } = await smallWorld()
const rest = transferTo("more").slice(1)

describe.concurrent("arguments", () => {
  it.each([
    ["a misspelt command", ["tranfer"], "unknown command 'tranfer' (Did you mean transfer?)"],
    ["a misspelt option", ["inspect", "--jsno", model], "unknown option '--jsno' (Did you mean --json?)"],
    [
      "a missing option",
      ["transfer", "--intervention", "mms", "--source", "sums", ...inputs],
      "required option '--target <names>' not specified",
    ],
    [
      "an option without its value",
      [...transferTo("more"), ...inputs, "--seed"],
      "option '--seed <n>' argument missing",
    ],
    [
      "a seed that is no integer",
      [...transferTo("more"), ...inputs, "--seed", "1.5"],
      "option '--seed <n>' argument '1.5' is invalid. Expected an integer.",
    ],
    [
      "no examples",
      [...transferTo("more"), ...inputs, "--max-examples", "0"],
      "option '--max-examples <n>' argument '0' is invalid. Expected a positive integer.",
    ],
    [
      "a shard that there is not",
      [...extract, ...inputs, "--shard", "3/2"],
      "option '--shard <i/n>' argument '3/2' is invalid. shard 3/2: expected one of 1 to 2, got 3.",
    ],
    [
      "bits that there are not",
      [...extract, ...inputs, "--quantize", "int3"],
      "option '--quantize <type>' argument 'int3' is invalid. Allowed choices are int4, int8.",
    ],
    [
      "a device that there is not",
      [...extract, ...inputs, "--device", "gpu"],
      "option '--device <name>' argument 'gpu' is invalid. Allowed choices are cpu, webgpu, cuda.",
    ],
    [
      "a command that has no shards",
      ["submit", "slurm", "--shards", "2", "--", "transfer"],
      'submit: expected a command that has shards (extract, bench), got "transfer"',
    ],
    [
      "a job of no given number of tasks",
      ["submit", "slurm", "--", "bench", "--out", "x"],
      "submit: expected --shards <n> or, for Slurm, --array <tasks>",
    ],
    [
      "a Kubernetes job with numbers of its own",
      ["submit", "kubernetes", "--array", "1-8", "--", "bench", "--out", "x"],
      "submit kubernetes: its tasks are 0 to n − 1: give --shards instead of --array",
    ],
    [
      "threads that are no number",
      [...transferTo("more"), ...inputs, "--threads", "all"],
      "option '--threads <n>' argument 'all' is invalid. Expected a positive integer.",
    ],
    [
      "an empty name in a list",
      ["transfer", ...rest, ...inputs, "--target", "more,,few"],
      "option '--target <names>' argument 'more,,few' is invalid. Expected names separated by commas.",
    ],
    [
      "an argument too many",
      ["inspect", model, data],
      "too many arguments for 'inspect'. Expected 1 argument but got 2.",
    ],
    [
      "a split that is none",
      [...extract, ...inputs, "--split", "dev"],
      "option '--split <names>' argument 'dev' is invalid. Expected train or test.",
    ],
    [
      "positions that are none",
      [...extract, ...inputs, "--positions", "first"],
      "option '--positions <which>' argument 'first' is invalid. Expected last, mean, all or offsets such as -1,-2.",
    ],
    [
      "a type that is none",
      [...extract, ...inputs, "--dtype", "int8"],
      "option '--dtype <type>' argument 'int8' is invalid. Allowed choices are float32, float16, bfloat16.",
    ],
    [
      "a site that is none",
      [...extract, ...inputs, "--sites", "head.1"],
      'unknown site "head.1": this model has resid.0 … resid.2, heads.0 … heads.1, mlp.0 … mlp.1, final (a kind alone, as "heads", names all its layers)',
    ],
    [
      "an option of an intervention without a value",
      [...transferTo("more"), ...inputs, "--set", "mms.k"],
      "option '--set <name.option=value>' argument 'mms.k' is invalid. Expected intervention.option=value, as mms.on=resid.",
    ],
    [
      "an unknown option of an intervention",
      [...transferTo("more"), ...inputs, "--set", "mms.kk=2"],
      'unknown option of mms "kk": did you mean "k"? known: on, k, calibrator',
    ],
    [
      "a value that an option may not have",
      [...transferTo("more"), ...inputs, "--set", "mms.k=none"],
      'mms.k: expected a positive integer, got "none"',
    ],
    [
      "more heads than there are",
      [...transferTo("more"), ...inputs, "--set", "mms.k=9"],
      "mms.k: expected at most 8 (heads of this model), got 9",
    ],
    [
      "an option of what is not fitted",
      [...transferTo("more"), ...inputs, "--set", "random-direction.k=1"],
      "--set random-direction.…: random-direction is not among the interventions",
    ],
    [
      "neither a probe nor what to fit",
      ["transfer", "--target", "more", ...inputs],
      "transfer: expected --source and --intervention, or --probe",
    ],
  ])("%s", async (_, args, message) => {
    expect(await complaintOf(args)).toBe(message)
  })

  it("an unknown intervention, with the nearest one", async () => {
    const message = await complaintOf([
      "transfer",
      "--intervention",
      "mmss",
      "--source",
      "sums",
      "--target",
      "more",
      ...inputs,
    ])
    expect(message).toMatch(/^unknown intervention "mmss": did you mean "mms"\? known: mms, /)
  })

  it.each([
    [
      ["--source", "smus", "--target", "more"],
      'unknown distribution "smus": did you mean "sums"? known: few, more, sums',
    ],
    [
      ["--source", "sums", "--target", "mre"],
      'unknown distribution "mre": did you mean "more"? known: few, more, sums',
    ],
    [["--source", "few", "--target", "more"], 'distribution "few" has no train split: expected the file '],
  ])("an unknown distribution or split, with the nearest one: %s", async (names, message) => {
    expect(await complaintOf(["transfer", "--intervention", "mms", ...names, ...inputs])).toContain(message)
  })

  it("shows the stack with --debug, after the same line", async () => {
    const { code, stderr } = await litmus(["inspect", join(root, "nothing"), "--debug"])
    expect(code).toBe(1)
    const [first, ...stack] = stderr.trimEnd().split("\n")
    expect(first).toBe(`litmus: ${join(root, "nothing")}: no such file or folder`)
    expect(stack.filter((line) => /^ +at .*inspect/.test(line)).length).toBeGreaterThan(0)
  })
})
