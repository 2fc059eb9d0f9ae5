// Numbers that data files hold as base64 of their little-endian bytes.

/** float32 numbers. */
export function decodeFloats(text: string): Float32Array {
  return new Float32Array(bytesOf(text))
}

/** uint32 numbers. */
export function decodePlaces(text: string): Uint32Array {
  return new Uint32Array(bytesOf(text))
}

function bytesOf(text: string): ArrayBuffer {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer
}
