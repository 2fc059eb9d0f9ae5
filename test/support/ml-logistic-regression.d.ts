// The package ships no types. What the tests use of it:
declare module "ml-logistic-regression" {
  import type { Matrix } from "ml-matrix"

  export default class LogisticRegression {
    constructor(options: { numSteps: number; learningRate: number })
    readonly classifiers: unknown
    train(x: Matrix, y: Matrix): void
  }
}
