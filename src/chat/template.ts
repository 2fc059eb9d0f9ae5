// Chat templates: the Jinja text that comes with a checkpoint and turns messages into what the model was trained on.
// Rendered as transformers' apply_chat_template does with jinja2: jinja.ts.

import { LitmusError, messageOf } from "../base/errors.ts"
import { excerpt } from "../base/json.ts"
import { parseJinja, runJinja, type JinjaProgram } from "./jinja.ts"
import type { Message } from "./messages.ts"

/** A compiled chat template. */
export interface ChatTemplate {
  /** The template's text. */
  readonly text: string
  /**
   * @param options.addGenerationPrompt - end with what comes before the assistant's next turn; defaults to false
   * @throws {LitmusError} with the template's own words, if it does not take the conversation
   */
  render(messages: readonly Message[], options?: { addGenerationPrompt?: boolean }): string
}

export interface ChatTemplateOptions {
  /** What errors call the template, usually its file. */
  readonly name: string
  /** `bos_token`, `eos_token` and the like, as the template calls them. Those that are missing render as nothing. */
  readonly specialTokens?: Readonly<Record<string, string>>
  /** Further variables: `enable_thinking`, `date_string`, … */
  readonly variables?: Readonly<Record<string, unknown>>
}

/**
 * Compiles a chat template.
 *
 * Templates cannot ask for today's date: with `strftime_now` undefined they use the date that they name themselves, so
 * that the same command shows the same text tomorrow. Give `date_string` among the variables for another.
 *
 * @throws {LitmusError} if the text is not a template
 */
export function compileChatTemplate(
  text: string,
  { name, specialTokens = {}, variables = {} }: ChatTemplateOptions,
): ChatTemplate {
  let program: JinjaProgram
  try {
    program = parseJinja(text)
  } catch (error) {
    throw new LitmusError(`${name}: not a chat template: ${shorten(messageOf(error))}`, { cause: error })
  }
  return {
    text,
    render(messages, { addGenerationPrompt = false } = {}) {
      const given = { messages, add_generation_prompt: addGenerationPrompt }
      try {
        return runJinja(program, { ...globals, ...specialTokens, ...variables, ...given })
      } catch (error) {
        const roles = messages.map(({ role }) => role).join(", ")
        throw new LitmusError(
          `${name}: the chat template does not take the roles ${shorten(roles)}: ${shorten(messageOf(error))}`,
          { cause: error },
        )
      }
    },
  }
}

/** What transformers gives every template, but for `strftime_now`. */
const globals: Readonly<Record<string, unknown>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  range: integersFrom,
  raise_exception: (message: string) => {
    throw new LitmusError(message)
  },
  tools: null,
  documents: null,
}

/** Python's `range`. */
function integersFrom(first: number, last?: number, step = 1): number[] {
  const [start, stop] = last === undefined ? [0, first] : [first, last]
  if (step === 0) throw new LitmusError("range() step must not be zero")
  const length = Math.max(0, Math.ceil((stop - start) / step))
  return Array.from({ length }, (_, i) => start + i * step)
}

function shorten(text: string): string {
  return text.length > 200 ? excerpt(text) : text.replaceAll(/\s+/g, " ")
}
