// A Graph as the bytes of an ONNX ModelProto. Only the fields that Litmus emits; the schema is onnx.proto3.
// Weights stay outside: a TensorProto names the file, offset and length, which onnxruntime maps into memory.

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire"
import type { Attribute, DType, Graph, GraphNode, Initializer, Value } from "./graph.ts"

const irVersion = 10
const opsets = { "": 23, "com.microsoft": 1 }

const elementType: Record<DType, number> = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, uint4: 21 }

/**
 * Encodes a graph as a serialized ONNX model.
 *
 * @param nodes - to stand in the place of the graph's own
 */
export function encodeModel(
  graph: Graph,
  nodes: readonly GraphNode[] = graph.nodes,
): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter()
  writer.tag(1, WireType.Varint).int64(irVersion)
  text(writer, 2, "litmus")
  message(writer, 7, (model) => writeGraph(model, graph, nodes))
  for (const [domain, version] of Object.entries(opsets)) {
    message(writer, 8, (opset) => {
      text(opset, 1, domain)
      opset.tag(2, WireType.Varint).int64(version)
    })
  }
  return new Uint8Array(writer.finish())
}

function writeGraph(writer: BinaryWriter, graph: Graph, nodes: readonly GraphNode[]): void {
  for (const node of nodes) message(writer, 1, (part) => writeNode(part, node))
  text(writer, 2, "litmus")
  for (const initializer of graph.initializers) message(writer, 5, (part) => writeTensor(part, initializer))
  for (const value of graph.inputs) message(writer, 11, (part) => writeValueInfo(part, value.name, value))
  for (const [name, value] of graph.outputs) message(writer, 12, (part) => writeValueInfo(part, name, value))
}

function writeNode(writer: BinaryWriter, node: GraphNode): void {
  for (const input of node.inputs) text(writer, 1, input?.name ?? "")
  for (const output of node.outputs) text(writer, 2, output.name)
  text(writer, 3, node.outputs[0]!.name)
  text(writer, 4, node.op)
  for (const [name, value] of Object.entries(node.attributes)) {
    message(writer, 5, (part) => writeAttribute(part, name, value))
  }
  text(writer, 7, node.domain)
}

function writeAttribute(writer: BinaryWriter, name: string, value: Attribute): void {
  text(writer, 1, name)
  switch (value.type) {
    case "float":
      writer.tag(2, WireType.Bit32).float(value.value)
      writer.tag(20, WireType.Varint).int32(1)
      return
    case "int":
      writer.tag(3, WireType.Varint).int64(value.value)
      writer.tag(20, WireType.Varint).int32(2)
      return
    case "ints":
      for (const entry of value.value) writer.tag(8, WireType.Varint).int64(entry)
      writer.tag(20, WireType.Varint).int32(7)
      return
    case "string":
      text(writer, 4, value.value)
      writer.tag(20, WireType.Varint).int32(3)
  }
}

function writeTensor(writer: BinaryWriter, initializer: Initializer): void {
  const { value, data } = initializer
  for (const dim of value.shape) writer.tag(1, WireType.Varint).int64(Number(dim))
  writer.tag(2, WireType.Varint).int32(elementType[value.dtype])
  text(writer, 8, value.name)
  if (data instanceof Uint8Array) {
    writer.tag(9, WireType.LengthDelimited).bytes(data)
    return
  }
  const external = { location: data.file, offset: String(data.offset), length: String(data.length) }
  for (const [key, entry] of Object.entries(external)) {
    message(writer, 13, (part) => {
      text(part, 1, key)
      text(part, 2, entry)
    })
  }
  writer.tag(14, WireType.Varint).int32(1)
}

function writeValueInfo(writer: BinaryWriter, name: string, value: Value): void {
  text(writer, 1, name)
  message(writer, 2, (type) => {
    message(type, 1, (tensor) => {
      tensor.tag(1, WireType.Varint).int32(elementType[value.dtype])
      message(tensor, 2, (shape) => {
        for (const dim of value.shape) {
          message(shape, 1, (part) => {
            if (typeof dim === "number") part.tag(1, WireType.Varint).int64(dim)
            else text(part, 2, dim)
          })
        }
      })
    })
  })
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value)
}

function message(writer: BinaryWriter, field: number, write: (part: BinaryWriter) => void): void {
  writer.tag(field, WireType.LengthDelimited).fork()
  write(writer)
  writer.join()
}
