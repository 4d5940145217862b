/** The same model through every door has one name: `anthropic/claude-sonnet-4-5`. */
import type { Model } from "./activity.ts";

/**
 * `id` as any door writes it: a Bedrock id, profile or ARN, a Vertex resource name, an Azure model name, a
 * vendor's own id, a gateway's `provider/model`. What is not recognised keeps only its `id`.
 */
export function identifyModel(id: string, said: { vendor?: string; version?: string } = {}): Model {
  return { id, ...(said.version ? { version: said.version } : {}) };
}
