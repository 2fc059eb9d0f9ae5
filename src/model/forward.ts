// The entry of scripts outside this repository that run a model's graph. The code is in decoder/ and src/rows.
export { createForward, type Forward, type ForwardOptions, type Reads } from "./decoder/forward.ts"
export { plainRow, type Row } from "../rows/row.ts"
