// Chat templates: what a model reads of a conversation, against transformers, and what is refused.

import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import type { Message } from "../../src/chat/messages.ts"
import { compileChatTemplate } from "../../src/chat/template.ts"
import { LitmusError } from "../../src/base/errors.ts"
import { renderConversations } from "../../src/data/conversations.ts"
import { conversation, type Distribution } from "../../src/data/distribution.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"

const chatMl =
  "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}" +
  "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"

const distribution = (messages: readonly Message[], ...texts: string[]): Distribution => ({
  id: "chat",
  split: "test",
  fingerprint: "0",
  examples: [
    {
      index: 7,
      ...conversation(messages),
      responses: texts.map((text, i) => ({ text, label: i === 0 ? 1 : 0 })),
    },
  ],
})

describe("renderConversations", () => {
  const ask: Message[] = [{ role: "user", content: "Hi" }]

  test("puts the template around the prompt and each response, up to the end of the turn", () => {
    const template = compileChatTemplate(chatMl, { name: "t" })
    const shown = renderConversations(distribution(ask, "Hello!", "No."), template)
    expect(shown.examples[0]).toMatchObject({
      index: 7,
      prompt: "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
      responses: [
        { text: "Hello!<|im_end|>\n", label: 1 },
        { text: "No.<|im_end|>\n", label: 0 },
      ],
    })
    expect(shown.examples[0]!.messages).toBeUndefined()
    expect(shown.fingerprint).not.toBe("0")
  })

  test("takes what the turns have in common for the prompt, where a template announces them otherwise", () => {
    const template = compileChatTemplate(
      "{% for m in messages %}[{{ m.content }}]{% endfor %}{% if add_generation_prompt %}[think{% endif %}",
      { name: "t" },
    )
    const [example] = renderConversations(distribution(ask, "a", "b"), template).examples
    expect([example!.prompt, ...example!.responses.map(({ text }) => text)]).toEqual(["[Hi][", "a]", "b]"])
  })

  test("names the example and the template where the template refuses, or makes two responses one", () => {
    const strict = compileChatTemplate("{{ raise_exception('no system turns') }}", { name: "t.jinja" })
    expect(() => renderConversations(distribution(ask, "a", "b"), strict)).toThrow(
      "chat test, example 7: t.jinja: the chat template does not take the roles user: no system turns",
    )
    const trimming = compileChatTemplate("{% for m in messages %}{{ m.content | trim }}|{% endfor %}", {
      name: "t",
    })
    expect(() => renderConversations(distribution(ask, "a", "a "), trimming)).toThrow(
      "chat test, example 7: the chat template makes two of its responses the same text",
    )
    expect(() => compileChatTemplate("{% if", { name: "t.jinja" })).toThrow("t.jinja: not a chat template: ")
  })

  test("leaves distributions of texts alone", () => {
    const plain: Distribution = {
      ...distribution(ask, "a", "b"),
      examples: [{ index: 0, prompt: "p", responses: [] }],
    }
    expect(renderConversations(plain, compileChatTemplate("x", { name: "t" }))).toBe(plain)
  })
})

interface Golden {
  readonly templates: Record<string, { special_tokens: Record<string, string>; chat_template: string }>
  readonly conversations: Record<string, Message[]>
  readonly cases: readonly {
    readonly template: string
    readonly conversation: string
    readonly add_generation_prompt: boolean
    readonly kwargs?: Record<string, unknown>
    readonly continue_final_message?: boolean
    readonly expected?: string
  }[]
}

describe.runIf(hasShared)(`chat templates of released models${needsShared}`, () => {
  // transformers v4.57.1 chat_template_utils.render_jinja_template, jinja2 3.1.2, at 2025-03-07T14:05:09.
  const { templates, conversations, cases } = JSON.parse(
    readFileSync(shared("golden-2", "chat", "templates.json"), "utf8"),
  ) as Golden
  const now = { "%d": "07", "%B": "March", "%b": "Mar", "%Y": "2025", "%m": "03" }
  const date = (format: string): string => format.replaceAll(/%\w/g, (code) => now[code as keyof typeof now])

  test.each(Object.keys(templates))("%s renders as in transformers", (name) => {
    const { chat_template: text, special_tokens: specialTokens } = templates[name]!
    const own = cases.filter((one) => one.template === name && one.continue_final_message !== true)
    expect(own.length).toBeGreaterThan(5)
    const render = (one: Golden["cases"][number]): string => {
      const variables = { ...one.kwargs, strftime_now: date }
      const template = compileChatTemplate(text, { name, specialTokens, variables })
      try {
        return template.render(conversations[one.conversation]!, {
          addGenerationPrompt: one.add_generation_prompt,
        })
      } catch (error) {
        return error instanceof LitmusError ? "refused" : String(error)
      }
    }
    expect(own.map(render)).toEqual(own.map(({ expected }) => expected ?? "refused"))
  })
})
