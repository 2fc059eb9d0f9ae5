// What a model reads of a distribution: texts as they are, conversations by its chat template.

import { hasConversations, renderConversations } from "../../data/conversations.ts"
import type { ChatTemplate } from "../../chat/template.ts"
import type { Distribution } from "../../data/distribution.ts"
import { LitmusError } from "../../base/errors.ts"
import type { ModelSource } from "../../model/checkpoint/source.ts"

/**
 * Shows a distribution's conversations by the model's chat template.
 *
 * @throws {LitmusError} if there are conversations and the model has no chat template, or one that does not take them
 */
export async function presentTo(source: ModelSource, distribution: Distribution): Promise<Distribution> {
  if (!hasConversations(distribution)) return distribution
  return presentBy(await source.chatTemplate(), source.path, distribution)
}

/** {@link presentTo} by a template that was read before; `path` is what errors call the model. */
export function presentBy(
  template: ChatTemplate | undefined,
  path: string,
  distribution: Distribution,
): Distribution {
  if (!hasConversations(distribution)) return distribution
  if (template) return renderConversations(distribution, template)
  throw new LitmusError(
    `${distribution.id}: its prompts are conversations, and ${path} has no chat template to show them by ` +
      "(put chat_template.jinja beside the checkpoint, or import texts)",
  )
}
