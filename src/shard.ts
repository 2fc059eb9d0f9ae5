// The entry of scripts outside this repository that read a share of a job. The code is in base/shards.ts.
export { parseShard, type Shard } from "./base/shards.ts"
