/**
 * The same model through every door has one name: `anthropic/claude-sonnet-4-5`.
 *
 * An id is peeled from the outside in: ARN or resource name, gateway, vendor, fine-tune, variant. What is left is read
 * by the rules of the vendor that was named, or by those of the vendor whose ids look like that from start to end.
 * Nothing is guessed from a word in the middle: a deployment called `claude-but-cheaper` has no known model.
 */
import type { Model } from "./activity.ts";
import { type ModelVendor, modelVendors } from "./model-vendors.ts";

const vendorByWord: ReadonlyMap<string, ModelVendor> = new Map(
  modelVendors.flatMap((vendor) => [vendor.word, ...(vendor.aliases ?? [])].map((word) => [word, vendor])),
);

/** Geographies before a Bedrock id: an inference profile of AWS. */
const GEOGRAPHIES = /^(?:us|us-gov|eu|apac|global|au|jp|ca|sa|me|uk|in)\.(?=[^.]+\.)/;

/** Gateways, clouds and hosts before a slash. They say how a call went, not who made the model. */
const doors: ReadonlySet<string> = new Set(
  `@cf @hf aiml aimlapi anthropic_text anyscale aws-bedrock azure azure-openai azure_ai azure_openai azure_text baseten
  bedrock bedrock_converse bedrock_mantle cerebras cloudflare codestral cohere_chat custom_openai dashscope
  deepinfra docker_model_runner featherless_ai fireworks fireworks_ai friendliai gemini github github_copilot
  github-copilot google-ai-studio google-vertex google-vertex-ai gradient_ai groq heroku hosted_vllm huggingface
  hyperbolic lambda_ai litellm_proxy llamafile lm_studio meta_llama models nebius novita nscale nvidia_nim oci ollama
  ollama_chat openai_like openrouter ovhcloud palm poe replicate requesty sambanova scaleway
  text-completion-codestral text-completion-openai together together_ai vercel_ai_gateway vertex vertex_ai
  vertex_ai_beta vllm volcengine wandb watsonx watsonx_text workers-ai xinference`.split(/\s+/),
);

/** What LiteLLM puts between a cloud's name and the id: the API used, or a region. */
const WAYS = /^(?:converse|converse_like|invoke|async_invoke|us|eu|global|[a-z]{2}(?:-[a-z]+)+-\d)$/;

/** `:variant` behind a model: OpenRouter's servings, Ollama's default, a router's choice of host. */
const VARIANTS =
  /^(?:latest|free|batch|beta|nitro|floor|extended|thinking|online|exacto|self-moderated|groq|cerebras|together|fireworks-ai|novita|nebius|sambanova|hyperbolic|nscale)$/;

/** What hosts of open weights say about the serving, not the model. */
const SERVING = /-(?:maas|latest|hf|fp8|fp8-fast|fp16|bf16|awq|gptq|int[48]|nvfp4|mxfp4|q\d[a-z0-9_]*)$/;

/** Bedrock: `-v1:0`, and a context length behind it. */
const REVISION = /-(?<revision>v?\d+:\d+)(?::\w+)?$/;

const NAME = /^[a-z0-9][a-z0-9._+-]{0,127}$/;

interface Peeled {
  readonly vendor?: ModelVendor;
  /** The vendor's own id of it, still with dates and revisions. */
  readonly text: string;
  readonly version?: string | undefined;
  /** The id of a fine-tuned copy: the name is the base's, the version carries this. */
  readonly tuned?: string | undefined;
}

/**
 * `id` as any door writes it: a Bedrock id, profile or ARN, a Vertex resource name, an Azure model name, a
 * vendor's own id, a gateway's `provider/model`. What is not recognised keeps only its `id`, and what was said.
 */
export function identifyModel(id: string, said: { vendor?: string; version?: string } = {}): Model {
  const key = said.vendor === undefined && said.version === undefined ? id : JSON.stringify([id, said]);
  const before = identified.get(key);
  if (before) return before;
  const model = identify(id, said);
  // Callers that make up ids are not to fill the memory.
  if (identified.size >= MOST_IDENTIFIED) identified.clear();
  identified.set(key, model);
  return model;
}

/** Ids are few and calls are many. What is kept is a function of its key. */
const identified = new Map<string, Model>();
const MOST_IDENTIFIED = 5_000;

function identify(id: string, said: { vendor?: string; version?: string }): Model {
  const saidVendor = said.vendor === undefined ? undefined : vendorByWord.get(wordOf(said.vendor));
  const saidVersion = versionOf(said.version);
  const unresolved: Model = {
    id,
    ...(saidVendor && { vendor: saidVendor.word }),
    ...(saidVersion && { version: saidVersion }),
  };

  const peeled = peel(id.trim().toLowerCase());
  if (!peeled) return unresolved;
  const read = readAs(peeled, peeled.vendor ?? saidVendor, peeled.version ?? saidVersion);
  if (!read) return unresolved;

  const { vendor, model, version = read.revision } = read;
  const marked = peeled.tuned === undefined ? version : [version, `ft-${peeled.tuned}`].filter(Boolean).join(".");
  return {
    id,
    vendor: vendor.word,
    family: familyOf(vendor, model),
    ...(marked && { version: marked }),
    name: `${vendor.word}/${model}`,
  };
}

function peel(written: string): Peeled | undefined {
  if (written.length > 512) return undefined;
  const id = written.replaceAll("%3a", ":").replaceAll("%2f", "/").replaceAll("%40", "@");
  const arn = /(?:^|\/)(arn:.*)$/.exec(id)?.[1];
  if (arn) return peelArn(arn);

  const published = /(?:^|\/)publishers\/([^/]+)\/models\/([^/:]+)/.exec(id);
  if (published) return peelPublished(published[1], published[2]);
  const fireworks = /^(?:fireworks_ai\/)?accounts\/fireworks\/models\/([^/]+)$/.exec(id)?.[1];
  const databricks = /^(?:databricks\/)?databricks-((?!dbrx).+)$/.exec(id)?.[1];
  return peelPath((fireworks ?? databricks ?? id).split("/"));
}

/** Opaque resources (application profiles, provisioned throughput, imported models, endpoints) name no model. */
function peelArn(arn: string): Peeled | undefined {
  const resource = arn.split(":").slice(5).join(":");
  const [type, model, copy] = resource.split("/");
  if (!arn.includes(":bedrock:") || model === undefined) return undefined;
  if (type === "foundation-model" || type === "inference-profile") return peelDotted(model);
  // `custom-model/<id of the base>/<id of the copy>`
  if (type === "custom-model" && copy !== undefined) {
    const base = peelDotted(model);
    return base && { ...base, tuned: copy };
  }
  return undefined;
}

function peelPublished(publisher: string | undefined, model: string | undefined): Peeled | undefined {
  const vendor = vendorByWord.get(publisher ?? "");
  return vendor && model !== undefined ? behind(vendor, model) : undefined;
}

function peelPath(segments: readonly string[]): Peeled | undefined {
  const [first, ...rest] = segments;
  if (first === undefined) return undefined;
  if (rest.length === 0) return peelDotted(first) ?? peelVariant(first);
  if (doors.has(first)) return peelPath(rest.length > 1 && WAYS.test(rest[0] ?? "") ? rest.slice(1) : rest);
  const vendor = vendorByWord.get(first);
  return vendor && rest.length === 1 ? behind(vendor, rest[0] ?? "") : undefined;
}

/** `us.anthropic.claude-…`, `meta.llama3-…`, OCI's `cohere.command-…`. */
function peelDotted(id: string): Peeled | undefined {
  const model = id.replace(GEOGRAPHIES, "");
  const dot = model.indexOf(".");
  const vendor = dot > 0 ? vendorByWord.get(model.slice(0, dot)) : undefined;
  return vendor && behind(vendor, model.slice(dot + 1));
}

function behind(vendor: ModelVendor, id: string): Peeled | undefined {
  const peeled = peelVariant(id);
  return peeled && { vendor, ...peeled };
}

function peelVariant(written: string): Peeled | undefined {
  const id = written.replace(/\[\d+m\]$/, ""); // Claude Code: the context length

  // ft:<base>:<organization>:<suffix>:<id>[:<checkpoint>]; Azure writes <base>.ft-<id>.
  if (id.startsWith("ft:")) {
    const [, base, , , tuned] = id.split(":");
    return base && tuned ? { ...withoutVersion(base), tuned } : undefined;
  }
  const azure = /^(.+?)\.ft-([a-z0-9-]+)$/.exec(id);
  if (azure) return { text: azure[1] ?? "", tuned: azure[2] };

  const [, model, variant] = /^([^:]+):([^:]+)$/.exec(id) ?? [];
  if (model === undefined || variant === undefined) return withoutVersion(id);
  if (VARIANTS.test(variant)) return withoutVersion(model);
  // Ollama's sizes: `llama3.1:70b-instruct-q4_k_m`. A bare number is a revision.
  return /^(?:e?\d|\dx\d)[\d.]*[bm](?:$|-)/.test(variant) ? { text: `${model}-${variant}` } : { text: id };
}

/** Vertex: `claude-sonnet-4-5@20250929`. */
function withoutVersion(id: string): Peeled {
  const at = id.indexOf("@");
  return at > 0 ? { text: id.slice(0, at), version: versionOf(id.slice(at + 1)) } : { text: id };
}

interface Read {
  readonly vendor: ModelVendor;
  readonly model: string;
  /** A snapshot: what tells one training of the model from another. */
  readonly version?: string | undefined;
  /** The door's own count: Bedrock's `v1:0`. */
  readonly revision?: string | undefined;
}

function readAs({ text }: Peeled, vendor: ModelVendor | undefined, version: string | undefined): Read | undefined {
  if (vendor) {
    const read = withVersion(vendor, text, version);
    // The word of an imitated vendor may stand before anybody's model.
    if (read && NAME.test(read.model) && (vendor.imitated?.test(read.model) ?? true)) return read;
  }
  for (const candidate of modelVendors) {
    if (!candidate.begins.test(text)) continue;
    const read = withVersion(candidate, text, version);
    if (read && candidate.own.test(read.model)) return read;
  }
  return undefined;
}

/** Azure says the version apart, and keeps part of the model in it: `gpt-4`, version `turbo-2024-04-09`. */
function withVersion(vendor: ModelVendor, text: string, version: string | undefined): Read | undefined {
  const alone = canonical(vendor, text);
  if (!alone || version === undefined || alone.version !== undefined) return alone;
  const together = canonical(vendor, `${text}-${version}`);
  if (together?.version !== undefined) return together;
  // Azure's versions of Claude, `1` and `2`, are APIs, not snapshots.
  return vendor.word === "anthropic" ? alone : { ...alone, version };
}

/** The one spelling, and the snapshot cut from it. Undefined where the rules do not come to rest. */
function canonical(vendor: ModelVendor, text: string): Read | undefined {
  let model = text;
  let version: string | undefined;
  let revision: string | undefined;
  for (let round = 0; round < 12; round++) {
    const before = model;
    for (const [spelling, ours] of vendor.spellings ?? []) model = model.replace(spelling, ours);
    // Fireworks writes `v3p1` for 3.1.
    model = model.replace(/(?<=\d)p(?=\d)/g, ".").replace(SERVING, "");
    for (const snapshot of [...(vendor.snapshots ?? []), REVISION]) {
      const found = snapshot.exec(model);
      if (!found) continue;
      const { head = model.slice(0, found.index), tail = "", ...said } = found.groups ?? {};
      version ??= said["version"];
      revision ??= said["revision"];
      model = head + tail;
    }
    if (model === before) return { vendor, model, version, revision };
  }
  return undefined;
}

function familyOf(vendor: ModelVendor, model: string): string {
  for (const [pattern, family] of vendor.families ?? [])
    if (pattern.test(model)) return model.replace(pattern, family);
  const words = model.split("-");
  const number = words.findIndex((word, at) => at > 0 && /\d/.test(word));
  return number > 0 ? words.slice(0, number).join("-") : model;
}

/** `Mistral AI` and `mistral-ai` are one word. */
const wordOf = (vendor: string): string => vendor.trim().toLowerCase().replace(/\s+/g, "-");

/** What is written where there is no version: `__Empty` in Azure's metrics, `default` and `latest` on Vertex. */
function versionOf(said: string | undefined): string | undefined {
  const version = said?.trim().toLowerCase();
  return version && !/^(?:__empty|default|latest)$/.test(version) && version.length <= 64 ? version : undefined;
}
