// Every command: what it is called, what it is for, in which group of the help it is, and how it is loaded. A command
// is loaded when it is called, so that help and errors come at once.

import type { Command } from "commander"

export interface CommandEntry {
  readonly name: string
  /** One short line of the top-level help. */
  readonly summary: string
  readonly group: string
  load(): Promise<Command>
}

const start = "Start here:"
const measure = "Fit and test:"
const look = "Look inside a model:"
const results = "Show results:"
const data = "Data, machines, files:"

/** In the order of the help. */
export const commands: readonly CommandEntry[] = [
  {
    name: "demo",
    summary: "fit and test on the embedded small model",
    group: start,
    load: async () => (await import("./demo.ts")).demoCommand(),
  },
  {
    name: "inspect",
    summary: "say what a folder or file is",
    group: start,
    load: async () => (await import("./inspect.ts")).inspectCommand(),
  },
  {
    name: "transfer",
    summary: "fit on a source distribution, test on targets",
    group: measure,
    load: async () => (await import("./transfer.ts")).transferCommand(),
  },
  {
    name: "bench",
    summary: "run a suite of shifts and keep the results",
    group: measure,
    load: async () => (await import("./bench.ts")).benchCommand(),
  },
  {
    name: "fit",
    summary: "fit a probe and save it",
    group: measure,
    load: async () => (await import("./fit.ts")).fitCommand(),
  },
  {
    name: "tune",
    summary: "train a reward model and keep it",
    group: measure,
    load: async () => (await import("./tune.ts")).tuneCommand(),
  },
  {
    name: "agreement",
    summary: "compare which responses interventions prefer",
    group: measure,
    load: async () => (await import("./agreement.ts")).agreementCommand(),
  },
  {
    name: "extract",
    summary: "keep a model's activations on distributions",
    group: look,
    load: async () => (await import("./extract.ts")).extractCommand(),
  },
  {
    name: "sweep",
    summary: "fit a probe at every layer or head alone",
    group: look,
    load: async () => (await import("./sweep.ts")).sweepCommand(),
  },
  {
    name: "directions",
    summary: "compare the directions of saved probes",
    group: look,
    load: async () => (await import("./directions.ts")).directionsCommand(),
  },
  {
    name: "project",
    summary: "project responses on a probe's direction",
    group: look,
    load: async () => (await import("./project.ts")).projectCommand(),
  },
  {
    name: "table",
    summary: "show what a store of results says of a suite",
    group: results,
    load: async () => (await import("./results-table.ts")).tableCommand(),
  },
  {
    name: "view",
    summary: "show a store of results in the browser",
    group: results,
    load: async () => (await import("./report.ts")).viewCommand(),
  },
  {
    name: "report",
    summary: "write a static site of a store of results",
    group: results,
    load: async () => (await import("./report.ts")).reportCommand(),
  },
  {
    name: "plot",
    summary: "draw a figure of a store of results",
    group: results,
    load: async () => (await import("./plot.ts")).plotCommand(),
  },
  {
    name: "import-results",
    summary: "put published GENIES results in a store",
    group: results,
    load: async () => (await import("./import-results.ts")).importResultsCommand(),
  },
  {
    name: "data",
    summary: "get, make and check distributions",
    group: data,
    load: async () => (await import("./data.ts")).dataCommand(),
  },
  {
    name: "devices",
    summary: "say which devices work here",
    group: data,
    load: async () => (await import("./devices.ts")).devicesCommand(),
  },
  {
    name: "submit",
    summary: "write a cluster job that runs a command's shards",
    group: data,
    load: async () => (await import("./submit.ts")).submitCommand(),
  },
  {
    name: "pretrain",
    summary: "train the embedded model from random weights",
    group: data,
    load: async () => (await import("./pretrain.ts")).pretrainCommand(),
  },
]
