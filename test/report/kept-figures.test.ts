// What litmus sweep, directions and project keep in a store, and the projection itself against ml-pca.

import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Matrix } from "ml-matrix"
import { PCA } from "ml-pca"
import { beforeAll, describe, expect, it } from "vitest"
import { loadProbe } from "../../probes/store.ts"
import { projectOnDirection } from "../../src/benchmark/project.ts"
import { openWorkbench } from "../../src/benchmark/workbench/workbench.ts"
import { readStoredFigures, writeStoredFigure } from "../../src/report/stored-figures.ts"
import { hasBuild, needsBuild } from "../support/report-build.ts"
import { writeReportStore } from "../support/report-store.ts"
import { complaintOf, smallWorld, succeed, type SmallWorld } from "../support/small-world.ts"
import { temporaryFolder } from "../support/temporary.ts"

let world: SmallWorld
let probes: string[]
beforeAll(async () => {
  world = await smallWorld()
  probes = ["sums", "more"].map((source) => join(world.root, `lda-${source}`))
  for (const [i, source] of ["sums", "more"].entries()) {
    await succeed([
      "fit",
      "--source",
      source,
      "--intervention",
      "lda",
      "--set",
      "lda.on=resid.1",
      "--out",
      probes[i]!,
      ...world.inputs,
    ])
  }
})

describe("a projection", () => {
  it("is that on the direction and on ml-pca's first component of what is left", async () => {
    const bench = await openWorkbench({
      model: world.model,
      data: world.data,
      cache: world.cache,
      threads: 1,
    })
    const saved = await loadProbe(probes[0]!)
    const { sets, place } = await projectOnDirection(bench, saved, { targets: ["more"] })
    expect(place).toBe("resid.1")
    expect(sets.map(({ distribution }) => distribution)).toEqual(["sums", "more"])
    const rowsOf = async (id: string, split: "train" | "test"): Promise<Matrix> => {
      const set = await bench.activations(await bench.distribution(id, split), saved.needs)
      const { data, nRows, width } = await set.matrix("resid.1")
      return Matrix.from1DArray(nRows, width, Float64Array.from(data))
    }
    const train = await rowsOf("sums", "train")
    const direction = Matrix.columnVector(Array.from(saved.probe.directions[0]!.values))
    const along = direction.div(direction.norm())
    const centred = train.clone().subRowVector(train.mean("column"))
    const left = centred.clone().sub(centred.mmul(along).mmul(along.transpose()))
    const across = new PCA(left, { center: true, scale: false }).getEigenvectors().getColumnVector(0)
    const test = (await rowsOf("more", "test")).subRowVector(train.mean("column"))
    const [x, y] = [test.mmul(along), test.mmul(across)]
    const { points } = sets[1]!
    expect(points).toHaveLength(x.rows)
    // The component's sign is arbitrary.
    const sign = Math.sign(points[0]![1] * y.get(0, 0))
    points.forEach((point, i) => {
      expect(point[0]).toBeCloseTo(x.get(i, 0), 6)
      expect(sign * point[1]).toBeCloseTo(y.get(i, 0), 6)
    })
    expect(new Set(points.map(([, , label]) => label))).toEqual(new Set([0, 1]))
  })

  it("is of a place that the probe has", async () => {
    expect(await complaintOf(["project", probes[0]!, "--place", "resid.7", ...world.inputs])).toMatch(
      /^unknown place of the probe "resid\.7": .*known: resid\.1/,
    )
  })
})

describe.skipIf(!hasBuild)(`figures kept in a store${needsBuild}`, () => {
  it("are read by the report, and replaced when they are made again", async () => {
    const { store } = await writeReportStore(join(world.root, "files"))
    const keep = ["--results", store, "--name", "tiny-1b", ...world.inputs]
    const sweepOf = (on: string): string[] => [
      "sweep",
      "--source",
      "sums",
      "--target",
      "more",
      "--intervention",
      "lda",
      "--on",
      on,
    ]
    for (const on of ["resid", "resid", "heads"]) await succeed([...sweepOf(on), ...keep])
    await succeed(["directions", ...probes, ...keep])
    await succeed(["project", probes[0]!, "--target", "more", ...keep])
    expect(readdirSync(join(store, "sweeps", "tiny-1b"))).toHaveLength(2)
    await succeed(["project", probes[0]!, "--target", "more", "--components", "3", ...keep])
    const { sweeps, directions, projections, components } = await readStoredFigures(store)
    expect(sweeps.map(({ points }) => points[0]!.unit).sort()).toEqual(["heads.0#0", "resid.0"])
    expect(directions[0]).toMatchObject({ model: "tiny-1b", names: ["lda-sums", "lda-more"] })
    expect(directions[0]!.cosine[0]![0]).toBeCloseTo(1, 6)
    expect(projections[0]!.sets.map(({ distribution }) => distribution)).toEqual(["sums", "more"])
    // The fitted direction lies in the space of the components at most by its length, 1.
    const { direction, shares, sets } = components[0]!
    expect(direction.every((part) => part >= 0)).toBe(true)
    expect(direction.reduce((sum, part) => sum + part ** 2, 0)).toBeLessThanOrEqual(1 + 1e-9)
    expect(shares[0]! >= shares[1]! && shares[1]! >= shares[2]!).toBe(true)
    expect(sets.map(({ points, labels }) => [points[0]!.length, points.length === labels.length])).toEqual([
      [3, true],
      [3, true],
    ])
    const out = join(world.root, "layers.svg")
    await succeed(["plot", "layers", store, "--sweep", "1", "-o", out])
    expect(readFileSync(out, "utf8")).toContain("lda at each layer alone, tiny-1b")

    // Sweeps have numbers, and names by which to find them.
    const { stdout } = await succeed(["plot", "layers", store, "--sweep", "list"])
    expect(stdout).toMatch(/^ 0 +tiny-1b +lda +sums → more +heads\.0#0 … heads\.1#3$/m)
    expect(stdout).toMatch(/^ 1 +tiny-1b +lda +sums → more +resid\.0 … resid\.2$/m)
    await succeed(["plot", "layers", store, "--intervention", "lda", "--target", "more", "-o", out])
    expect(readFileSync(out, "utf8")).toContain("lda at each head alone, tiny-1b")
    expect(await complaintOf(["plot", "layers", store, "--sweep", "2", "-o", out])).toBe(
      "--sweep 2: expected one of 0 (lda, sums → more), 1 (lda, sums → more)",
    )
    expect(await complaintOf(["plot", "layers", store, "--source", "smus", "-o", out])).toBe(
      'unknown source of a sweep "smus": did you mean "sums"? known: sums',
    )
  })

  it.each<[object, RegExp]>([
    [{ probe: 1 }, /\.probe: expected a text, got 1$/],
    [
      { probe: "p", source: "s", points: [{ unit: "resid.0" }] },
      /points\[0\] \.source: expected an object, got undefined$/,
    ],
    [
      { probe: "p", source: "s", points: [{ unit: "resid.0", source: { estimate: "x" } }] },
      /points\[0\] \.source \.estimate: expected a number, got "x"$/,
    ],
  ])("must be what they should be: %j", async (value, message) => {
    const store = temporaryFolder()
    await writeStoredFigure(store, { kind: "sweeps", model: "m", name: "n" }, value)
    await expect(readStoredFigures(store)).rejects.toThrow(message)
  })

  it("have names that can be part of a path", async () => {
    const where = { kind: "sweeps", model: "../m", name: "n" } as const
    await expect(writeStoredFigure(temporaryFolder(), where, {})).rejects.toThrow(
      /^name "\.\.\/m": expected letters/,
    )
  })
})
