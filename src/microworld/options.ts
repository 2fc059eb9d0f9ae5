// What `litmus demo` sets so that it ends in minutes. A model this small learns its hardest references (`backwards`,
// `arithmetic`, `sorting`) in 40 steps at 3e-3; at the paper's 2e-4, 100 steps are too few. What is transferred had no part
// in the choice. Every other command, and the library, takes the usual defaults for the embedded model too.

/** Per intervention what differs from its defaults. */
export const demoOptions = { lora: { learningRate: "3e-3", steps: "40" } } as const
