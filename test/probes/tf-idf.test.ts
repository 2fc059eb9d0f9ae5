// TF-IDF and sparse logistic regression against scikit-learn 1.9.1:
//   v = TfidfVectorizer(); m = v.fit_transform(texts); v.transform(["the the dog unseen"])
//   LogisticRegression(tol=1e-12, max_iter=10000).fit(m.toarray(), [1, 0, 1])

import { expect, it } from "vitest"
import { fitSparseLogistic } from "../../probes/math/sparse-logistic.ts"
import { fitTfIdf } from "../../probes/math/tf-idf.ts"
import { maxAbsDifference } from "../support/numbers.ts"

const texts = ["The cat sat, the CAT ran.", "A dog's naïve_2 x plan", "no cat at all"]
const words = fitTfIdf(texts)
const dense = (text: string): number[] => {
  const { columns, values } = words.row(text)
  const all = Array.from(words.idf, () => 0)
  columns.forEach((column, i) => (all[column] = values[i]!))
  return all
}

it("words and weights are those of TfidfVectorizer", () => {
  const names = ["all", "at", "cat", "dog", "naïve_2", "no", "plan", "ran", "sat", "the"]
  expect([...words.vocabulary.keys()]).toEqual(names)
  const first = [0, 0, 0.527532751466, 0, 0, 0, 0, 0.346821086472, 0.346821086472, 0.693642172945]
  const third = [0.52863460666, 0.52863460666, 0.402040244161, 0, 0, 0.52863460666, 0, 0, 0, 0]
  // Printed with twelve digits.
  expect(maxAbsDifference(dense(texts[0]!), first)).toBeLessThan(1e-12)
  expect(maxAbsDifference(dense(texts[2]!), third)).toBeLessThan(1e-12)
})

it("words that were not there at the fit are left out", () => {
  const expected = [0, 0, 0, 0.4472135955, 0, 0, 0, 0, 0, 0.894427191]
  expect(maxAbsDifference(dense("the the dog unseen"), expected)).toBeLessThan(1e-10)
  expect(words.row("unseen").columns).toHaveLength(0)
})

it("weights of the sparse logistic regression are those of LogisticRegression", () => {
  const { weights, intercept } = fitSparseLogistic(texts.map(words.row), [1, 0, 1], 10)
  const a = 0.14166450391714575
  const b = -0.3094388390535194
  const c = 0.0929417721506323
  const expected = [a, a, 0.24910873336949432, b, b, a, b, c, c, 0.1858835443012646]
  // Both stop at a small gradient: lbfgs there, here below 1e-8.
  expect(maxAbsDifference(weights, expected)).toBeLessThan(1e-6)
  expect(Math.abs(intercept - 0.68006781)).toBeLessThan(1e-6)
})
