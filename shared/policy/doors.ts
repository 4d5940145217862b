/**
 * Names of doors, to catch a misspelt one in a policy. Not a limit: a door nobody thought of here may be approved or
 * denied like any other.
 */
import { doorsWithHosts } from "../model/ai-hosts.ts";
import { didYouMean } from "./did-you-mean.ts";

/** Without a host of their own: OpenTelemetry's other `gen_ai.provider.name`, and gateways that a company runs. */
const withoutHosts = ["gcp.gen_ai", "gcp.claude_platform", "ibm.watsonx.ai", "azure.apim", "kong", "litellm"];

const doors: readonly string[] = [...new Set([...doorsWithHosts, ...withoutHosts])];

/** The door that was probably meant; undefined for one we know, and for one that resembles none. */
export function nearestDoor(name: string, declared: readonly string[] = []): string | undefined {
  const known = [...doors, ...declared];
  const isKnown = known.some((door) => door.toLowerCase() === name.toLowerCase());
  return isKnown ? undefined : didYouMean(name, known);
}
