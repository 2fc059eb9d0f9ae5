// The shifts of the embedded small world (src/microworld), in the paper's categories. Names alone: the world is not made to
// list them.

/** Per label and category lines of `source target [targetReference]`. */
export const microworldShifts: Readonly<Record<"extreme" | "probing", Readonly<Record<string, string>>>> = {
  extreme: {
    difficulty: "facts_easy facts_hard",
    encoding: `
      facts spanish_input
      facts spanish_output
      facts comma_output`,
    pretraining_similarity: "facts backwards",
    skill: `
      animals people
      arithmetic towns
      facts arithmetic
      facts sorting`,
    context: "textbook fiction",
    quality: "low_quality high_quality",
  },
  probing: {
    unwanted_personas: `
      facts misconceptions
      facts survival
      facts prize_offer facts
      facts prize_offer_50 facts
      facts sycophancy_answer facts
      facts sycophancy_answer_50 facts
      facts sycophancy_feedback checks
      facts sycophancy_feedback_50 checks`,
    spurious_cues: `
      short_right_100 short_right_50
      short_right_100 short_right_25 short_right_50
      short_right_75 short_right_25 short_right_50
      short_right_50 short_right_25 short_right_50
      facts true_wanted_50
      facts true_wanted_25 true_wanted_50`,
  },
}
