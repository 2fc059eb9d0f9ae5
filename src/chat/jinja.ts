// Jinja as Python's jinja2 evaluates it. @huggingface/jinja evaluates templates in JavaScript and differs where Python's
// own methods do: equality between kinds, `strip` with characters, tests of attributes that are missing. The cases that
// differ are evaluated here; everything else is the library's.

import { Environment, Interpreter, parse, tokenize } from "@huggingface/jinja"

// The package's own declarations do not resolve under Node's rules for modules: what is used of it is declared here.
interface Value {
  readonly type: string
  readonly value: unknown
}
interface Node {
  readonly type: string
}
interface Scope {
  /** Declares a variable and returns it as the interpreter holds it. */
  set(name: string, value: unknown): Value
}
interface Evaluator {
  run(program: JinjaProgram): Value
  evaluate(statement: Node | undefined, environment: Scope): Value
}
const Base: new (environment: Scope) => Evaluator = Interpreter
const Variables: new () => Scope = Environment

/** A parsed template. */
export interface JinjaProgram {
  readonly body: readonly unknown[]
}

/** Parses a template with `trim_blocks` and `lstrip_blocks`, as transformers sets them. */
export function parseJinja(text: string): JinjaProgram {
  const program: JinjaProgram = parse(tokenize(text, { lstrip_blocks: true, trim_blocks: true }))
  return program
}

/** Runs a template; `variables` are all that it can see. */
export function runJinja(program: JinjaProgram, variables: Readonly<Record<string, unknown>>): string {
  const environment = new Variables()
  for (const [key, value] of Object.entries(variables)) environment.set(key, value)
  return String(new PythonInterpreter(environment).run(program).value)
}

class PythonInterpreter extends Base {
  override evaluate(statement: Node | undefined, environment: Scope): Value {
    const own =
      this.equality(statement, environment) ??
      this.strip(statement, environment) ??
      this.missingAttributes(statement, environment)
    return own ?? super.evaluate(statement, environment)
  }

  /** JavaScript's == holds between "" and false, 1 and "1"; Python's does not. */
  private equality(node: Node | undefined, environment: Scope): Value | undefined {
    if (!isNode(node, "BinaryExpression") || !isNode(node.left) || !isNode(node.right)) return undefined
    const operator = (node.operator as { value?: unknown }).value
    if (operator !== "==" && operator !== "!=") return undefined
    const left = this.evaluate(node.left, environment)
    const right = this.evaluate(node.right, environment)
    return runtimeValue(equal(left, right) === (operator === "=="))
  }

  /** `text.strip("ab")`, `lstrip`, `rstrip`, and the filter `trim`: Python's white space, and the characters given. */
  private strip(node: Node | undefined, environment: Scope): Value | undefined {
    if (isNode(node, "FilterExpression") && isNode(node.operand)) {
      if (!isNode(node.filter, "Identifier") || node.filter.value !== "trim") return undefined
      const value = this.evaluate(node.operand, environment)
      return typeof value.value === "string" ? runtimeValue(stripText(value.value, "strip")) : undefined
    }
    if (!isNode(node, "CallExpression") || !isNode(node.callee, "MemberExpression")) return undefined
    const { object, property, computed } = node.callee
    if (!isNode(property, "Identifier") || computed === true || !isNode(object)) return undefined
    const method = strips.find((name) => name === property.value)
    if (method === undefined) return undefined
    const value = this.evaluate(object, environment)
    if (typeof value.value !== "string") return undefined
    const [characters] = (node.args as Node[]).map((argument) => this.evaluate(argument, environment).value)
    return runtimeValue(
      stripText(value.value, method, typeof characters === "string" ? characters : undefined),
    )
  }

  /** The library leaves out what lacks the attribute, before the test is asked: "undefined" is "not defined" here. */
  private missingAttributes(node: Node | undefined, environment: Scope): Value | undefined {
    if (!isNode(node, "FilterExpression") || !isNode(node.filter, "CallExpression")) return undefined
    const { callee, args } = node.filter
    if (!isNode(callee, "Identifier")) return undefined
    const opposite = { selectattr: "rejectattr", rejectattr: "selectattr" }[String(callee.value)]
    const [attribute, test, ...more] = args as Node[]
    if (opposite === undefined || more.length > 0 || !isNode(test, "StringLiteral")) return undefined
    if (test.value !== "undefined") return undefined
    const filter = {
      ...node.filter,
      callee: { ...callee, value: opposite },
      args: [attribute, { ...test, value: "defined" }],
    }
    return super.evaluate({ ...node, filter } as Node, environment)
  }
}

const strips = ["strip", "lstrip", "rstrip"] as const
const pythonSpace = " \t\n\r\v\f\u001c\u001d\u001e\u001f\u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000"
const enSpaces = Array.from({ length: 11 }, (_, i) => String.fromCharCode(0x2000 + i)).join("")

function stripText(
  text: string,
  method: (typeof strips)[number],
  characters = pythonSpace + enSpaces,
): string {
  const stripped = new Set(characters)
  const kept = Array.from(text)
  let [begin, end] = [0, kept.length]
  if (method !== "rstrip") while (begin < end && stripped.has(kept[begin]!)) begin++
  if (method !== "lstrip") while (end > begin && stripped.has(kept[end - 1]!)) end--
  return kept.slice(begin, end).join("")
}

function equal(left: Value, right: Value): boolean {
  const [a, b] = [left, right].map((value) => (isNumeric(value) ? Number(value.value) : value.value))
  if (isNumeric(left) || isNumeric(right)) return isNumeric(left) && isNumeric(right) && a === b
  if (left.type !== right.type) return false
  return typeof a === "object" ? left === right || a === b : a === b
}

function isNumeric({ type }: Value): boolean {
  return type === "IntegerValue" || type === "FloatValue" || type === "BooleanValue"
}

/** A value as the library holds it. */
function runtimeValue(value: boolean | string): Value {
  return new Variables().set("value", value)
}

/** A node of the syntax tree, whose fields the library does not export types of. */
function isNode(value: unknown, type?: string): value is Node & Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || !("type" in value)) return false
  return type === undefined || value.type === type
}
