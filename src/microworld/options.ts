// Options of interventions for a model as small as the embedded one, where the paper's are made for billions of
// parameters. Chosen on held-out training data of the main source `facts` alone.

/** Per intervention what differs from its defaults. */
export const embeddedOptions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  lora: { learningRate: "3e-3", validation: "0" },
}
