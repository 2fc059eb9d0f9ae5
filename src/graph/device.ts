// Where a graph runs: onnxruntime's execution providers. Every device computes in float32; what one cannot run of a graph
// goes to the CPU. A graph is written for the CPU; for a device that lacks an operator it is rewritten (webgpu.ts).

export const devices = ["cpu", "webgpu", "cuda"] as const
export type Device = (typeof devices)[number]

/**
 * Largest difference of any activation or logit to the CPU's that is expected of a device, relative to the largest of its
 * site: products are summed in another order, and a GPU's exponential is another.
 */
export const deviceTolerance: Readonly<Record<Device, number>> = { cpu: 0, webgpu: 1e-4, cuda: 1e-4 }
