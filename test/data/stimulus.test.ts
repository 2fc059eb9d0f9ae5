import { describe, expect, test } from "vitest"
import { defineStimulus, stimulus, stimulusNames } from "../../src/data/index.ts"

describe("stimulus", () => {
  test("plain shows the prompt and the response as they are", () => {
    const plain = stimulus("plain")
    expect(plain.variants.map(({ name }) => name)).toEqual(["plain"])
    expect(plain.variants[0]?.render("1 + 1 = ", "2")).toEqual({ prefix: "1 + 1 = ", text: "1 + 1 = 2" })
  })

  test.each(stimulusNames)("%s begins every text with its prefix, followed by the response", (name) => {
    for (const variant of stimulus(name).variants) {
      // Texts that look like placeholders or replacement patterns stand for themselves.
      for (const [prompt, response] of [
        ["a {response} $& b", "{prompt} $1"],
        ["", ""],
        ["a", ""],
      ] as const) {
        const { prefix, text } = variant.render(prompt, response)
        expect(text.startsWith(prefix + response)).toBe(true)
        expect(prefix).toContain(prompt)
        expect(variant.render(prompt, "another").prefix).toBe(prefix)
      }
    }
  })

  test("an unknown name lists the known ones", () => {
    expect(() => stimulus("plane")).toThrow('unknown stimulus "plane": did you mean "plain"? known: plain')
  })
})

describe("defineStimulus", () => {
  test("makes a variant of each template, in order", () => {
    const { variants } = defineStimulus("asked", "", {
      yes: "Q: {prompt}\nA: {response}\nGood? Yes",
      no: "Q: {prompt}\nA: {response}\nGood? No",
    })
    expect(variants.map((variant) => variant.render("p", "r"))).toEqual([
      { prefix: "Q: p\nA: ", text: "Q: p\nA: r\nGood? Yes" },
      { prefix: "Q: p\nA: ", text: "Q: p\nA: r\nGood? No" },
    ])
  })

  test("fingerprints the templates and nothing else", () => {
    const one = defineStimulus("one", "first", { a: "{prompt}{response}" })
    expect(defineStimulus("two", "second", { a: "{prompt}{response}" }).fingerprint).toBe(one.fingerprint)
    expect(defineStimulus("one", "first", { a: "{prompt} {response}" }).fingerprint).not.toBe(one.fingerprint)
    expect(defineStimulus("one", "first", { b: "{prompt}{response}" }).fingerprint).not.toBe(one.fingerprint)
  })

  test.each([
    "",
    "{prompt}",
    "{response}",
    "{response}{prompt}",
    "{prompt}{prompt}{response}",
    "{prompt}{response}{response}",
  ])("refuses the template %j", (template) => {
    expect(() => defineStimulus("s", "", { a: template })).toThrow(
      `template "a": expected {prompt} and then {response}, once each, got ${JSON.stringify(template)}`,
    )
  })
})
