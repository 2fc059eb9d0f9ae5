// A computation as a list of ONNX nodes over named, shaped values. Operators (ops.ts) append nodes and infer
// shapes; the gradient walks the same list backwards; onnx.ts writes it out; session.ts runs it.

import { ShapeError } from "../base/errors.ts"

export type DType = "float32" | "int32" | "int64" | "bool" | "uint8" | "uint4"

/** A length known when the graph is built, or the name of one known when it runs (`T`, the row's tokens). */
export type Dim = number | string

/** What flows along an edge: a name, an element type and a shape. */
export interface Value {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly Dim[]
}

export type Attribute =
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "int"; readonly value: number }
  | { readonly type: "ints"; readonly value: readonly number[] }
  | { readonly type: "string"; readonly value: string }

export interface GraphNode {
  readonly op: string
  readonly domain: "" | "com.microsoft"
  /** Optional inputs that are left out are null. */
  readonly inputs: readonly (Value | null)[]
  readonly outputs: readonly Value[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

/** Bytes of a file in the session's weights folder. */
export interface ExternalBytes {
  readonly file: string
  readonly offset: number
  readonly length: number
}

export interface Initializer {
  readonly value: Value
  readonly data: Uint8Array | ExternalBytes
}

/** A computation under construction. */
export class Graph {
  readonly nodes: GraphNode[] = []
  readonly inputs: Value[] = []
  readonly initializers: Initializer[] = []
  readonly outputs = new Map<string, Value>()
  readonly #names = new Map<string, number>()
  readonly #weights = new Map<string, Value>()
  readonly #constants = new Map<string, ArrayLike<number>>()
  readonly #dims = new Map<string, { input: Value; axis: number }>()

  /** Declares an input that every run must feed. Its named dims get their length from what is fed. */
  input(name: string, dtype: DType, shape: readonly Dim[]): Value {
    const value = { name: this.#unique(name), dtype, shape }
    this.inputs.push(value)
    shape.forEach((dim, axis) => {
      if (typeof dim === "string" && !this.#dims.has(dim)) this.#dims.set(dim, { input: value, axis })
    })
    return value
  }

  /** Where the length of a named dim is found: an input and its axis. */
  dimSource(dim: string): { readonly input: Value; readonly axis: number } {
    const source = this.#dims.get(dim)
    if (!source) throw new ShapeError(`graph: no input has a dim named ${dim}`)
    return source
  }

  /** A small tensor that is written into the graph itself. */
  constant(dtype: "float32" | "int32" | "int64", shape: readonly number[], values: ArrayLike<number>): Value {
    const length = shape.reduce((product, dim) => product * dim, 1)
    if (values.length !== length) {
      throw new ShapeError(
        `constant: expected ${length} values for [${shape.join(", ")}], got ${values.length}`,
      )
    }
    const array =
      dtype === "float32"
        ? Float32Array.from(values)
        : dtype === "int32"
          ? Int32Array.from(values)
          : BigInt64Array.from(Array.from(values, BigInt))
    const value = { name: this.#unique("constant"), dtype, shape }
    this.initializers.push({ value, data: new Uint8Array(array.buffer) })
    this.#constants.set(value.name, values)
    return value
  }

  /** The elements of a constant; undefined for any other value. */
  constantValues(value: Value): ArrayLike<number> | undefined {
    return this.#constants.get(value.name)
  }

  /** A weight that lies in a file of the session's weights folder. Asked for twice, it is the same value. */
  weight(name: string, dtype: DType, shape: readonly number[], data: ExternalBytes): Value {
    const known = this.#weights.get(name)
    if (known) return known
    const value = { name: this.#unique(name), dtype, shape }
    this.initializers.push({ value, data })
    this.#weights.set(name, value)
    return value
  }

  /** Appends a node with one output. */
  node(
    op: string,
    inputs: readonly (Value | null)[],
    output: { dtype: DType; shape: readonly Dim[] },
    {
      domain = "",
      attributes = {},
    }: { domain?: GraphNode["domain"]; attributes?: Readonly<Record<string, Attribute>> } = {},
  ): Value {
    const value = { name: this.#unique(op.toLowerCase()), ...output }
    this.nodes.push({ op, domain, inputs, outputs: [value], attributes })
    return value
  }

  /** Names a value as one that a run returns. */
  output(name: string, value: Value): void {
    // A name of its own, so that one value can be returned under several names.
    const alias = { ...value, name }
    this.nodes.push({ op: "Identity", domain: "", inputs: [value], outputs: [alias], attributes: {} })
    this.outputs.set(name, alias)
  }

  #unique(stem: string): string {
    const count = this.#names.get(stem) ?? 0
    this.#names.set(stem, count + 1)
    return count === 0 ? stem : `${stem}#${count}`
  }
}
