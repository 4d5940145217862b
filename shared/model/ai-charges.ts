/**
 * Which charges of a cloud's bill are for AI models, through which door, and for which model: read alike from the
 * cloud's own exports and from FOCUS rows, so that one charge is the same in both.
 *
 * Names of services, usage types, meters and SKUs as the clouds' bills and price lists write them (2026-11). Machines
 * on which customers run models of their own (SageMaker, Azure Machine Learning, Vertex training) are not told.
 */
import type { Activity, Model } from "./activity.ts";
import { identifyModel } from "./identify-model.ts";
import { modelCharged, modelInWords } from "./model-in-words.ts";

export interface AiCharge {
  readonly provider: string;
  readonly model?: Model;
  readonly scope?: "global";
}

/** The words of one line of a bill; "" where it has none. */
export interface ChargeWords {
  /** Product or service: `Amazon Bedrock`, `Foundry Models`, `Vertex AI`. */
  readonly service: string;
  /** Usage type, meter or SKU. */
  readonly sku: string;
  /** ARN or resource id. */
  readonly resource: string;
}

/** Models of others are sold as products of the AWS Marketplace: `Claude Sonnet 4.5 (Amazon Bedrock Edition)`. */
const BEDROCK_EDITION = /^(.*?)\s*\(Amazon Bedrock Edition\)$/i;
const BEDROCK_TOKENS =
  /(?:MP:[A-Z0-9]+_(?:Cache(?:Read|Write))?(?:In|Out)putTokenCount|_(?:in|out)put_tokens_|-(?:in|out)put-token(?:s|-count)\b)/;
/** `USE1-`, `APN1-`, `USGW1-` before a usage type. */
const AWS_REGION = /^[A-Z]{2,4}\d{1,2}-/;

/** Of AWS: Bedrock, and Claude Platform on AWS. */
export function awsCharge({ service, sku, resource }: ChargeWords): AiCharge | undefined {
  if (/^(?:AWS)?\s?ClaudePlatform|Claude Platform on AWS/i.test(service))
    return { provider: "aws.claude_platform" };
  const edition = BEDROCK_EDITION.exec(service)?.[1];
  const isBedrock =
    edition !== undefined ||
    /^Amazon\s?Bedrock/i.test(service) ||
    BEDROCK_TOKENS.test(sku) ||
    /^arn:[^:]*:bedrock:/.test(resource);
  if (!isBedrock) return undefined;
  const ofResource = identifyModel(resource);
  const model =
    (edition === undefined ? undefined : modelInWords(edition)) ??
    modelCharged(sku.replace(AWS_REGION, "")) ??
    (ofResource.name === undefined ? undefined : ofResource);
  return charge("aws.bedrock", model, /global/i.test(sku));
}

/** `Azure OpenAI GPT5` as a subcategory, where the meter begins with the number: `5.5 ShortCo inp Gl 1M Tokens`. */
const AZURE_FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/openai/i, "gpt"],
  [/deepseek/i, "deepseek"],
  [/llama/i, "llama"],
];

/** Of Azure: models of OpenAI and others on Cognitive Services accounts and as services of the marketplace. */
export function azureCharge({ service, sku, resource }: ChargeWords): AiCharge | undefined {
  const isModels = /openai|foundry models/i.test(service);
  const named = modelCharged(sku) ?? modelCharged(service);
  const ofFamily = AZURE_FAMILIES.find(([family]) => family.test(service))?.[1];
  const model = named ?? (ofFamily === undefined ? undefined : modelCharged(`${ofFamily} ${sku}`));
  // A Cognitive Services account also hears, sees and translates; a marketplace also sells tables and chairs.
  const maySellModels = /cognitive|azure ai|foundry|models?\b|saas/i.test(`${service} ${resource}`);
  if (!isModels && (model === undefined || !maySellModels)) return undefined;
  // The accounts' own logs do not tell whose model it was: all of it is one door.
  const onAccount = resource === "" || /\/microsoft\.cognitiveservices\/accounts\//i.test(resource);
  return charge(
    onAccount || /openai/i.test(service) ? "azure.ai.openai" : "azure.ai.inference",
    model,
    /\b(?:glbl|gl|glb|global)\b/i.test(sku),
  );
}

const GOOGLE_FAMILIES =
  "gemini|gemma|claude|llama|mistral|codestral|jamba|deepseek|qwen|glm|kimi|minimax|gpt-oss|grok|imagen|veo|lyria|text.?embedding";
const GOOGLE_MODEL = new RegExp(`\\b(?:${GOOGLE_FAMILIES})\\b.*`, "i");

/** For RE2, over service and SKU: found in all of Google's charges that `googleCharge` finds, and in some others. */
export const GOOGLE_AI_WORDS = `(?i)vertex ai|generative language|${GOOGLE_FAMILIES}`;

const GOOGLE_USE =
  /tokens?\b|characters?\b|generate.?content|embed|gemini|grounding|model as a service|provisioned throughput|generative/i;

/** Of Google Cloud: Vertex AI's models, the Gemini API, and models that their makers sell there. */
export function googleCharge({ service, sku }: ChargeWords): AiCharge | undefined {
  const words = GOOGLE_MODEL.exec(sku)?.[0];
  const model =
    (words === undefined ? undefined : modelCharged(words, { modesAreCharged: true })) ?? modelInWords(service);
  if (/gemini api|generative language/i.test(service)) return charge("gcp.gemini", model, false);
  const isModels = model !== undefined || GOOGLE_USE.test(sku);
  if (model === undefined && !/vertex ai/i.test(service)) return undefined;
  return isModels ? charge("gcp.vertex_ai", model, /\bglobal\b/i.test(sku)) : undefined;
}

/** Of Oracle: Generative AI. */
export function oracleCharge({ service, sku }: ChargeWords): AiCharge | undefined {
  const words = `${service} ${sku}`;
  if (!/generative[\s_]?ai|\bgenai\b/i.test(words)) return undefined;
  const named = /(?:generative ai)\s*-\s*(.+)$/i.exec(sku)?.[1];
  return charge("oci.generative_ai", named === undefined ? undefined : modelCharged(named), false);
}

function charge(provider: string, model: Model | undefined, isGlobal: boolean): AiCharge {
  return { provider, ...(model ? { model } : {}), ...(isGlobal ? { scope: "global" } : {}) };
}

/** Where a charge's use was asked for, and that it may have run anywhere. */
export const regionOfCharge = (requested: string | undefined, { scope }: AiCharge): Activity["region"] =>
  requested === undefined && scope === undefined ? undefined : { requested, scope };
