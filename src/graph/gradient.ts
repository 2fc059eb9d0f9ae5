// Reverse-mode gradients over the builder's own operators: walks the nodes backwards from a scalar loss and appends
// the nodes that compute the gradients, so one session runs both passes. Only what lies on a path from a parameter
// to the loss gets any: frozen weights and whatever is below the lowest parameter cost nothing.

import { LitmusError, ShapeError } from "../base/errors.ts"
import type { Graph, GraphNode, Value } from "./graph.ts"
import { layoutRules } from "./gradient-layout.ts"
import { elementwiseRules, reductionRules } from "./gradient-elementwise.ts"
import { productRules } from "./gradient-products.ts"
import type { Rule } from "./gradient-rule.ts"
import * as ops from "./ops.ts"

// What runs on no float, or hands none on, needs no rule: comparisons, casts to integers, shapes.
const rules: Readonly<Record<string, Rule>> = {
  ...elementwiseRules,
  ...reductionRules,
  ...layoutRules,
  ...productRules,
}

/**
 * Appends the gradients of a scalar loss to its graph.
 *
 * @param parameters - float32 inputs, weights, or any value on the way (an activation)
 * @returns the gradient of the loss by every parameter, in their order and of their shapes
 * @throws {ShapeError} if the loss is not a scalar
 * @throws {LitmusError} if an operator on the way has no rule, or the loss does not depend on a parameter
 */
export function gradients(graph: Graph, loss: Value, parameters: readonly Value[]): Value[] {
  if (loss.shape.some((dim) => dim !== 1)) {
    throw new ShapeError(`gradients: expected a scalar loss, got [${loss.shape.join(", ")}] (${loss.name})`)
  }
  if (loss.dtype !== "float32") throw new LitmusError(`gradients: expected a float32 loss, got ${loss.dtype}`)
  const integer = parameters.find(({ dtype }) => dtype !== "float32")
  if (integer) {
    throw new LitmusError(`gradients: expected float32 parameters, got ${integer.dtype} (${integer.name})`)
  }
  const forward = [...graph.nodes]
  const dependent = dependents(forward, parameters)
  const users = usersOf(forward)
  const found = new Map<string, Value>()
  if (dependent.has(loss.name)) {
    const size = loss.shape.map(() => 1)
    found.set(loss.name, graph.constant("float32", size, [1]))
  }
  const needs = (value: Value | null): boolean => value !== null && dependent.has(value.name)
  const gradientOf = (value: Value): Value | undefined => found.get(value.name)
  for (const node of forward.toReversed()) {
    const output = node.outputs[0]!
    const dy = gradientOf(output)
    if (!dy || !node.inputs.some(needs)) continue
    const rule = rules[node.op]
    if (!rule) {
      throw new LitmusError(
        `gradients: operator ${node.op} has no gradient rule (${output.name} lies between a parameter and the loss)`,
      )
    }
    const onlyUser = (value: Value): GraphNode | undefined => {
      const using = (users.get(value.name) ?? []).filter(({ outputs }) => found.has(outputs[0]!.name))
      return using.length === 1 ? using[0] : undefined
    }
    const parts = rule({ graph, node, output, dy, needs, onlyUser, gradientOf })
    node.inputs.forEach((input, k) => {
      const part = parts[k]
      if (!input || !part || !needs(input)) return
      if (part.shape.join() !== input.shape.join()) {
        throw new ShapeError(
          `gradients: ${node.op} gave [${part.shape.join(", ")}] for an input of [${input.shape.join(", ")}]`,
        )
      }
      const sum = gradientOf(input)
      found.set(input.name, sum ? ops.add(graph, sum, part) : part)
    })
  }
  const wanted = parameters.map((parameter) => {
    const gradient = gradientOf(parameter)
    if (!gradient) throw new LitmusError(`gradients: the loss does not depend on ${parameter.name}`)
    return gradient
  })
  runEarly(graph, forward.length, wanted)
  return wanted
}

/**
 * Moves the nodes that only make gradients asked for to the end, the last first. onnxruntime does not run nodes in
 * the order of the file: it starts from those that nothing uses, the last of them first. In the order of the walk
 * it would go down to the lowest layer at once, and keep what every layer above needs for its weights' gradients.
 */
function runEarly(graph: Graph, start: number, wanted: readonly Value[]): void {
  const names = new Set(wanted.map(({ name }) => name))
  const appended = graph.nodes.splice(start)
  const used = new Set(appended.flatMap(({ inputs }) => inputs.map((input) => input?.name)))
  const isLeaf = ({ outputs: [output] }: GraphNode): boolean =>
    names.has(output!.name) && !used.has(output!.name)
  graph.nodes.push(...appended.filter((node) => !isLeaf(node)), ...appended.filter(isLeaf).toReversed())
}

/** Names of the float values that depend on a parameter. */
function dependents(nodes: readonly GraphNode[], parameters: readonly Value[]): Set<string> {
  const names = new Set(parameters.map(({ name }) => name))
  for (const { inputs, outputs } of nodes) {
    if (outputs[0]!.dtype === "float32" && inputs.some((input) => input && names.has(input.name))) {
      names.add(outputs[0]!.name)
    }
  }
  return names
}

function usersOf(nodes: readonly GraphNode[]): Map<string, GraphNode[]> {
  const users = new Map<string, GraphNode[]>()
  for (const node of nodes) {
    for (const name of new Set(node.inputs.flatMap((input) => (input ? [input.name] : [])))) {
      users.set(name, [...(users.get(name) ?? []), node])
    }
  }
  return users
}
