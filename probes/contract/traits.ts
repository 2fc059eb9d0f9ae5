// What the rest of the program must know of a kind of intervention. It asks for these traits and never for a name.

/** The traits of a kind, declared on the kind; all are absent from most kinds. */
export interface Traits {
  /**
   * Every benchmark has it besides what was asked for: `reference` is what agreement and differential elicitation need,
   * `baseline` what can be told without the model's layers. `--no-baselines` leaves the baselines out.
   */
  readonly alwaysRun?: "reference" | "baseline"
  /**
   * False where its accuracy says nothing of what the model is capable of: controls, and rankings that are the same
   * whatever they are fitted on. `--capability best` does not try it. Defaults to true.
   */
  readonly measuresCapability?: false
  /**
   * Its accuracy is max(acc, 1 − acc) of the test set: no evidence of transfer, which tables mark, and the same whichever
   * way the labels are.
   */
  readonly leaky?: true
  /** It has draws of its own, and these make its null band. */
  readonly drawsOwnBand?: true
  /** Only models that come with a score head have it: `all` leaves it out. */
  readonly needsScoreHead?: true
  /** Its column header where the name is too wide, with line breaks. */
  readonly header?: string
}
