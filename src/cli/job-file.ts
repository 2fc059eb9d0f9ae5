// Jobs that run a command's shards on a cluster: Slurm's array jobs, Kubernetes' indexed Jobs. Every task is the same
// command with `--shard auto/n`, which tells its share by its number in the plan. So tasks that were lost can be submitted
// again alone; the whole job submitted again finds what is done.

import { LitmusError } from "../base/errors.ts"
import { countTasks } from "../base/shards.ts"

export interface JobOptions {
  /** The command and its arguments, without `--shard`. */
  readonly command: readonly string[]
  readonly shards: number
  readonly name: string
  readonly cpus: number
  /** As the scheduler writes it: `16G` for Slurm, `16Gi` for Kubernetes. */
  readonly memory: string
  /** GPUs of a task; none by default. */
  readonly gpus?: number | undefined
  /** What to run once all tasks are done; the job names it in a comment. */
  readonly afterwards?: readonly string[]
}

export interface SlurmOptions extends JobOptions {
  /** Numbers of the tasks, as many as shards, as Slurm writes them: `1-8`, `0-14:2`, `1,3,7-9`; defaults to 0, 1, … */
  readonly array?: string | undefined
  /** Longest time of a task, as Slurm writes it: `04:00:00`. */
  readonly time?: string | undefined
  readonly partition?: string | undefined
}

export interface KubernetesOptions extends JobOptions {
  readonly image: string
  /** A persistent volume claim that holds model, data and cache, and where every task sees it. */
  readonly volume: { readonly claim: string; readonly path: string }
}

/** The script of an array job, for `sbatch`. */
export function slurmScript(options: SlurmOptions): string {
  const { shards, array, name, cpus, memory, gpus, time, partition } = checked(options)
  if (array !== undefined && countTasks(array) !== shards) {
    throw new LitmusError(`array: expected ${shards} tasks, got ${countTasks(array)} in ${array}`)
  }
  const directives = [
    `--job-name=${oneWord("name", name)}`,
    `--array=${array ?? `0-${shards - 1}`}`,
    // Without it sbatch refuses --gpus-per-task.
    "--ntasks=1",
    `--cpus-per-task=${cpus}`,
    `--mem=${oneWord("memory", memory)}`,
    ...(time === undefined ? [] : [`--time=${oneWord("time", time)}`]),
    ...(partition === undefined ? [] : [`--partition=${oneWord("partition", partition)}`]),
    ...(gpus === undefined ? [] : [`--gpus-per-task=${gpus}`]),
    `--output=${name}-%A_%a.log`,
  ]
  return `#!/bin/bash
${directives.map((directive) => `#SBATCH ${directive}`).join("\n")}
${nextStep(options)}set -euo pipefail
exec ${shellLine(taskCommand(options, array))}
`
}

/** The manifest of an indexed Job, for `kubectl apply -f`. Strings are quoted as JSON, which YAML reads. */
export function kubernetesJob(options: KubernetesOptions): string {
  const { shards, name, cpus, memory, gpus, image, volume } = checked(options)
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) {
    throw new LitmusError(`name: expected lower-case letters, digits and dashes, got ${JSON.stringify(name)}`)
  }
  const resources = {
    cpu: String(cpus),
    memory,
    ...(gpus === undefined ? {} : { "nvidia.com/gpu": String(gpus) }),
  }
  return `${nextStep(options)}apiVersion: batch/v1
kind: Job
metadata:
  name: ${JSON.stringify(name)}
spec:
  completionMode: Indexed
  completions: ${shards}
  parallelism: ${shards}
  backoffLimit: ${shards}
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: litmus
          image: ${JSON.stringify(image)}
          command: ${JSON.stringify(taskCommand(options))}
          resources:
            requests: ${JSON.stringify(resources)}
            limits: ${JSON.stringify(resources)}
          volumeMounts:
            - name: work
              mountPath: ${JSON.stringify(volume.path)}
      volumes:
        - name: work
          persistentVolumeClaim:
            claimName: ${JSON.stringify(volume.claim)}
`
}

/** A comment, of shell and YAML alike. */
function nextStep({ afterwards }: JobOptions): string {
  if (afterwards === undefined) return ""
  const lines = `When all tasks are done: ${shellLine(afterwards)}`.split(/[\r\n\u0085\u2028\u2029]/)
  return lines.map((line) => `# ${line}\n`).join("")
}

/** @param array - numbers of the tasks, where they are not 0, 1, … */
function taskCommand({ command, shards, cpus }: JobOptions, array?: string): string[] {
  const threads = command.some((word) => /^--threads(=|$)/.test(word)) ? [] : ["--threads", String(cpus)]
  return [...command, ...threads, "--shard", `auto/${array ?? shards}`]
}

function checked<Options extends JobOptions>(options: Options): Options {
  for (const field of ["shards", "cpus", "gpus"] as const) {
    const value = options[field]
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      throw new LitmusError(`${field}: expected a positive integer, got ${value}`)
    }
  }
  if (options.command.length === 0) throw new LitmusError("command: expected a litmus command, got none")
  if (options.command.some((word) => /^--shard(=|$)/.test(word))) {
    throw new LitmusError("command: the job itself adds --shard: leave it out")
  }
  return options
}

/** A value of an #SBATCH line, where a space would begin another word. */
function oneWord(what: string, value: string): string {
  if (/^[\w.:%@+-]+$/.test(value)) return value
  throw new LitmusError(`${what}: expected letters, digits and .:%@+-, got ${JSON.stringify(value)}`)
}

/** A line that a POSIX shell reads as these words. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(" ")
}

/** A word that a POSIX shell reads as it is. */
export function shellWord(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
