import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { processorMs } from "../../test/processor-time.ts";
import { identifyModel } from "./identify-model.ts";
import { modelVendors } from "./model-vendors.ts";

/** One model and how each door writes it; `|` stands before a version that the log says apart. */
const doors: Readonly<Record<string, readonly string[]>> = {
  "anthropic/claude-sonnet-4-5": [
    "claude-sonnet-4-5-20250929",
    "claude-sonnet-4-5",
    "claude-sonnet-4-5-latest",
    "claude-sonnet-4-5@20250929",
    "claude-sonnet-4-5|20250929",
    "claude-sonnet-4.5",
    "claude-sonnet-4-5-20250929[1m]",
    "Claude-Sonnet-4-5",
    "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "global.anthropic.claude-sonnet-4-5-20250929-v1:0:200k",
    "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0",
    "arn:aws:bedrock:::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0",
    "arn:aws:bedrock:eu-west-1:111122223333:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "arn:aws-us-gov:bedrock:us-gov-west-1:111122223333:inference-profile/us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "arn%3Aaws%3Abedrock%3Aus-east-1%3A%3Afoundation-model%2Fanthropic.claude-sonnet-4-5-20250929-v1%3A0",
    "publishers/anthropic/models/claude-sonnet-4-5@20250929",
    "projects/acme-ml/locations/europe-west1/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict",
    "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "bedrock/converse/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "bedrock/us-west-2/anthropic.claude-sonnet-4-5-20250929-v1:0",
    "bedrock/arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "vertex_ai/claude-sonnet-4-5@20250929",
    "anthropic/claude-sonnet-4-5",
    "openrouter/anthropic/claude-sonnet-4.5:beta",
    "openai/claude-sonnet-4-5",
    "databricks-claude-sonnet-4-5",
    "azure_ai/claude-sonnet-4-5|1",
  ],
  "anthropic/claude-3-5-sonnet": [
    "claude-3-5-sonnet-20241022",
    "claude-3-5-sonnet-latest",
    "claude-3.5-sonnet",
    "anthropic.claude-3-5-sonnet-20241022-v2:0",
    "apac.anthropic.claude-3-5-sonnet-20240620-v1:0",
    "claude-3-5-sonnet-v2@20241022",
    "claude-sonnet-3.5",
  ],
  "anthropic/claude-sonnet-4": ["claude-sonnet-4-20250514", "claude-sonnet-4-0", "claude-4-sonnet"],
  "anthropic/claude-3-haiku": ["claude-3-haiku-20240307", "anthropic.claude-3-haiku-20240307-v1:0:48k"],
  "anthropic/claude-opus-4-7": ["anthropic.claude-opus-4-7", "claude-opus-4-7", "claude-opus-4-7@default"],
  "anthropic/claude-opus-4-6": ["anthropic.claude-opus-4-6-v1", "claude-opus-4-6"],
  "anthropic/claude-2.1": ["claude-2.1", "anthropic.claude-v2:1", "anthropic.claude-v2:1:200k"],
  "anthropic/claude-2": ["claude-2.0", "anthropic.claude-v2"],
  "anthropic/claude-instant-1": ["claude-instant-1.2", "anthropic.claude-instant-v1"],
  "openai/gpt-3.5-turbo": ["gpt-3.5-turbo-0301", "gpt-35-turbo|0301", "azure/gpt-35-turbo", "gpt-3.5-turbo"],
  "openai/gpt-4": ["gpt-4-0613", "gpt-4|0613", "gpt-4"],
  "openai/gpt-4-turbo": ["gpt-4-turbo-2024-04-09", "gpt-4|turbo-2024-04-09"],
  "openai/gpt-4-turbo-preview": ["gpt-4-1106-preview", "gpt-4|1106-Preview", "gpt-4-turbo-preview"],
  "openai/gpt-4o": [
    "gpt-4o-2024-08-06",
    "gpt-4o|2024-08-06",
    "openai/gpt-4o",
    "azure/gpt-4o",
    "azure/eu/gpt-4o-2024-08-06",
    "openrouter/openai/gpt-4o:extended",
  ],
  "openai/gpt-4o-mini": [
    "gpt-4o-mini-2024-07-18",
    "ft:gpt-4o-mini-2024-07-18:acme:support:9ABcdEfG",
    "ft:gpt-4o-mini-2024-07-18:acme::9ABcdEfG:ckpt-step-90",
    "gpt-4o-mini-2024-07-18.ft-0123456789abcdef-support",
  ],
  "openai/gpt-5-chat": ["gpt-5-chat-latest", "gpt-5-chat|2025-08-07"],
  "openai/o3-mini": ["o3-mini-2025-01-31", "o3-mini"],
  "openai/whisper-1": ["whisper-1", "whisper|001"],
  "openai/text-embedding-3-large": ["text-embedding-3-large", "azure/text-embedding-3-large"],
  "openai/gpt-oss-120b": [
    "openai.gpt-oss-120b-1:0",
    "openai.gpt-oss-120b",
    "publishers/openai/models/gpt-oss-120b-maas",
    "vertex_ai/openai/gpt-oss-120b-maas",
    "groq/openai/gpt-oss-120b",
    "openai/gpt-oss-120b:cerebras",
    "gpt-oss:120b",
    "accounts/fireworks/models/gpt-oss-120b",
  ],
  "google/gemini-2.0-flash": ["gemini-2.0-flash-001", "gemini-2.0-flash-exp", "gemini/gemini-2.0-flash"],
  "google/gemini-2.5-pro": [
    "publishers/google/models/gemini-2.5-pro",
    "models/gemini-2.5-pro",
    "gemini-2.5-pro-preview-05-06",
    "google.gemini-2.5-pro",
    "google/gemini-2.5-pro",
  ],
  "google/gemini-1.5-flash-8b": ["gemini-1.5-flash-8b-001", "google/gemini-flash-1.5-8b"],
  "google/text-embedding-005": ["text-embedding-005", "publishers/google/models/text-embedding-005"],
  "google/imagen-4.0-generate": ["imagen-4.0-generate-001"],
  "google/gemma-2-9b-it": ["gemma2-9b-it", "google/gemma-2-9b-it:free"],
  "meta/llama-3.1-70b-instruct": [
    "meta.llama3-1-70b-instruct-v1:0",
    "us.meta.llama3-1-70b-instruct-v1:0",
    "meta.llama-3.1-70b-instruct",
    "publishers/meta/models/llama-3.1-70b-instruct-maas",
    "Meta-Llama-3.1-70B-Instruct",
    "together_ai/meta-llama/Meta-Llama-3.1-70B-Instruct-Turbo",
    "meta-llama/llama-3.1-70b-instruct:free",
    "accounts/fireworks/models/llama-v3p1-70b-instruct",
    "groq/llama-3.1-70b-versatile",
    "llama3.1:70b-instruct-q4_K_M",
    "watsonx/meta-llama/llama-3-1-70b-instruct",
    "databricks/databricks-meta-llama-3-1-70b-instruct",
    "@cf/meta/llama-3.1-70b-instruct-fp8-fast",
  ],
  "meta/llama-3.2-90b-vision-instruct": ["meta.llama3-2-90b-instruct-v1:0", "meta.llama-3.2-90b-vision-instruct"],
  "meta/llama-4-maverick-17b-128e-instruct": [
    "meta.llama4-maverick-17b-instruct-v1:0",
    "meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8",
    "llama-4-maverick-17b-128e-instruct-maas",
    "meta-llama/llama-4-maverick",
  ],
  "meta/llama-2-13b-chat": ["meta.llama2-13b-chat-v1", "meta-llama/Llama-2-13b-chat-hf"],
  "mistral/mistral-large": [
    "mistral.mistral-large-2407-v1:0",
    "mistral-large-2407",
    "Mistral-large-2407",
    "mistral-large@2407",
    "mistral/mistral-large-latest",
    "mistral.mistral-large-3-675b-instruct",
  ],
  "mistral/mixtral-8x7b-instruct": [
    "mistral.mixtral-8x7b-instruct-v0:1",
    "open-mixtral-8x7b",
    "mixtral-8x7b-32768",
  ],
  "amazon/nova-pro": ["amazon.nova-pro-v1:0", "us.amazon.nova-pro-v1:0:300k", "amazon/nova-pro-v1"],
  "amazon/titan-embed-text-v2": ["amazon.titan-embed-text-v2:0"],
  "cohere/command-r-plus": [
    "command-r-plus-08-2024",
    "cohere.command-r-plus-v1:0",
    "Cohere-command-r-plus-08-2024",
  ],
  "cohere/command-a": ["cohere.command-a-03-2025", "cohere/command-a"],
  "cohere/embed-english-v3": ["cohere.embed-english-v3", "embed-english-v3.0", "Cohere-embed-v3-english"],
  "cohere/rerank-v3.5": ["cohere.rerank-v3-5:0", "rerank-v3.5"],
  "deepseek/deepseek-r1": [
    "deepseek.r1-v1:0",
    "us.deepseek.r1-v1:0",
    "deepseek-ai/DeepSeek-R1-0528",
    "DeepSeek-R1",
  ],
  "deepseek/deepseek-v3.1": ["deepseek.v3-v1:0", "publishers/deepseek-ai/models/deepseek-v3.1-maas"],
  "qwen/qwen3-coder-480b-a35b": ["qwen.qwen3-coder-480b-a35b-v1:0", "Qwen/Qwen3-Coder-480B-A35B-Instruct"],
  "qwen/qwen2.5-72b-instruct": ["qwen-2.5-72b-instruct", "Qwen/Qwen2.5-72B-Instruct"],
  "xai/grok-4": ["xai.grok-4", "grok-4-0709", "x-ai/grok-4", "xai/grok-4-latest"],
  "ai21/jamba-large-1.5": ["ai21.jamba-1-5-large-v1:0", "jamba-1.5-large@001", "AI21-Jamba-1.5-Large"],
  "zai/glm-5.3": ["zai.glm-5.3", "zai-org/GLM-5.3", "z-ai/glm-5.3"],
  "moonshotai/kimi-k2-thinking": ["moonshot.kimi-k2-thinking", "moonshotai/Kimi-K2-Thinking"],
  "stability/sd3.5-large": ["stability.sd3-5-large-v1:0"],
  "nvidia/llama-3.1-nemotron-70b-instruct": ["nvidia/llama-3.1-nemotron-70b-instruct"],
  "microsoft/phi-4": ["Phi-4", "microsoft/phi-4"],
  "writer/palmyra-x5": ["us.writer.palmyra-x5-v1:0"],
};

const spellings = Object.entries(doors).flatMap(([name, ids]) => ids.map((id) => [id, name] as const));

/** Where the log names no model that could be known without asking the vendor. */
const opaque = [
  "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abcdefgh1234",
  "arn:aws:bedrock:us-east-1:111122223333:provisioned-model/abcdefgh1234",
  "arn:aws:bedrock:us-east-1:111122223333:imported-model/abcdefgh1234",
  "arn:aws:bedrock:us-east-1:111122223333:custom-model-deployment/abcdefgh1234",
  "arn:aws:bedrock:us-east-1:111122223333:default-prompt-router/anthropic.claude:1",
  "arn:aws:sagemaker:us-east-1:111122223333:endpoint/claude-3-haiku",
  "arn:aws:bedrock",
  "bedrock/llama/arn:aws:bedrock:us-east-1:111122223333:imported-model/abcdefgh1234",
  "bedrock/agent/AGENT12345/ALIAS12345",
  "sagemaker/claude-3-haiku-20240307",
  "projects/acme-ml/locations/us-central1/endpoints/1234567890123456789",
  "vertex_ai/1234567890123456789",
  "accounts/acme/models/llama-v3p1-70b-instruct",
  "tunedModels/support-abc123",
  "ocid1.generativeaimodel.oc1.eu-frankfurt-1.amaaaaaaexample",
  "ocid1.generativeaiendpoint.oc1.us-chicago-1.amaaaaaaexample",
  "azure/prod-chat",
  "azure/gpt-4o-prod-eu",
  "azure/gpt4",
  "gpt-4o-prod",
  "claude-prod",
  "my-claude-sonnet-4-5",
  "notclaude-3-haiku",
  "team/claude-3-haiku-20240307",
  "unsloth/Llama-3.1-8B-Instruct",
  "llama-local",
  "openai/our-own-model",
  "hosted_vllm/our-own-model",
  "acme.claude-3-haiku-20240307-v1:0",
  "us.acme.model-v1:0",
  "model-router",
  "openrouter/auto",
  "gpt-4o:anything",
  "ft:gpt-4o-mini",
  "",
  " ",
  "/",
  ".",
  ":",
  "@",
  "ft::::",
  "us.",
  "__proto__",
  "constructor/constructor",
];

const identify = (written: string) => {
  const [id = "", version] = written.split("|");
  return identifyModel(id, version === undefined ? {} : { version });
};

describe("identifyModel", () => {
  it.each(spellings)("knows %s as %s", (written, name) => {
    expect(identify(written).name).toBe(name);
  });

  it.each(opaque)("leaves %j unresolved, since it names no known model", (id) => {
    expect(identifyModel(id)).toEqual({ id });
  });

  it("keeps the id as it was logged", () => {
    expect(identifyModel(" US.anthropic.claude-opus-4-7 ").id).toBe(" US.anthropic.claude-opus-4-7 ");
  });

  it("does not mind case and blanks around", () => {
    for (const [written, name] of spellings) {
      expect(identify(written.toUpperCase()).name).toBe(name);
      expect(identifyModel(` ${written.split("|")[0]}\n`).vendor).toBe(name.split("/")[0]);
    }
  });

  it("gives a name that names itself", () => {
    for (const name of Object.keys(doors)) expect(identifyModel(name).name).toBe(name);
  });

  it.each([
    ["claude-3-5-sonnet-20241022", "20241022"],
    ["anthropic.claude-3-5-sonnet-20241022-v2:0", "20241022"],
    ["claude-3-5-sonnet-v2@20241022", "20241022"],
    ["amazon.nova-pro-v1:0", "v1:0"],
    ["gpt-4o-2024-08-06", "2024-08-06"],
    ["gpt-4|turbo-2024-04-09", "2024-04-09"],
    ["gpt-35-turbo|0301", "0301"],
    ["gpt-4-0613|0301", "0613"],
    ["gemini-2.0-flash-001", "001"],
    ["gemini-2.5-pro-preview-05-06", "preview-05-06"],
    ["mistral.mistral-large-2407-v1:0", "2407"],
    ["command-r-plus-08-2024", "08-2024"],
    ["whisper|001", "001"],
  ])("reads the version of %s: %s", (written, version) => {
    expect(identify(written).version).toBe(version);
  });

  it.each(["claude-sonnet-4-5-latest", "claude-opus-4-7@default", "gpt-4o|__Empty", "gpt-5-chat-latest"])(
    "sees no version in %s, which moves",
    (written) => {
      expect(identify(written)).not.toHaveProperty("version");
    },
  );

  it("takes Azure's versions of Claude for what they are, APIs", () => {
    expect(identifyModel("claude-opus-5", { vendor: "Anthropic", version: "2" })).toEqual({
      id: "claude-opus-5",
      vendor: "anthropic",
      family: "claude-opus",
      name: "anthropic/claude-opus-5",
    });
  });

  it.each([
    ["ft:gpt-4o-mini-2024-07-18:acme:support:9ABcdEfG", "openai/gpt-4o-mini", "2024-07-18.ft-9abcdefg"],
    ["gpt-4o-mini-2024-07-18.ft-0123abcd-support", "openai/gpt-4o-mini", "2024-07-18.ft-0123abcd-support"],
    ["ft:gpt-3.5-turbo:acme::9ABcdEfG", "openai/gpt-3.5-turbo", "ft-9abcdefg"],
    [
      "arn:aws:bedrock:us-east-1:111122223333:custom-model/anthropic.claude-3-haiku-20240307-v1:0:200k/abcdefgh1234",
      "anthropic/claude-3-haiku",
      "20240307.ft-abcdefgh1234",
    ],
  ])("names %s by its base and marks it in the version", (id, name, version) => {
    expect(identifyModel(id)).toMatchObject({ name, version });
  });

  it.each([
    ["claude-3-5-sonnet-20241022", "claude-sonnet"],
    ["claude-sonnet-4-5", "claude-sonnet"],
    ["gpt-4o-mini", "gpt-4o"],
    ["gpt-35-turbo", "gpt-3.5"],
    ["gpt-5.1-codex", "gpt-5"],
    ["o3-mini", "o3"],
    ["meta.llama3-1-70b-instruct-v1:0", "llama-3"],
    ["gemini-2.5-flash-lite", "gemini-flash-lite"],
    ["amazon.nova-2-lite-v1:0", "nova-lite"],
    ["mistral-large-2407", "mistral-large"],
    ["command-r-plus", "command-r-plus"],
    ["c4ai-aya-expanse-32b", "c4ai-aya-expanse"],
  ])("puts %s into the family %s", (id, family) => {
    expect(identifyModel(id).family).toBe(family);
  });

  it("believes the log that says the vendor apart", () => {
    expect(identifyModel("gpt-9-omega", { vendor: "OpenAI" }).name).toBe("openai/gpt-9-omega");
    expect(identifyModel("Mistral-medium-9", { vendor: "Mistral AI" }).name).toBe("mistral/mistral-medium-9");
    expect(identifyModel("unheard-of", { vendor: "Cohere" }).name).toBe("cohere/unheard-of");
  });

  it("keeps what was said of a model it does not know", () => {
    expect(identifyModel("model-router", { vendor: "OpenAI", version: "2025-08-07" })).toEqual({
      id: "model-router",
      vendor: "openai",
      version: "2025-08-07",
    });
    expect(identifyModel("some-model", { vendor: "Acme", version: "" })).toEqual({ id: "some-model" });
  });

  it("knows an unheard-of model of a vendor that the door names", () => {
    expect(identifyModel("anthropic.claude-saga-7-20270101-v1:0")).toEqual({
      id: "anthropic.claude-saga-7-20270101-v1:0",
      vendor: "anthropic",
      family: "claude-saga",
      version: "20270101",
      name: "anthropic/claude-saga-7",
    });
    expect(identifyModel("claude-saga-7")).toEqual({ id: "claude-saga-7" });
  });

  it("lets a vendor's word stand before another's model only where others speak its protocol", () => {
    expect(identifyModel("anthropic/glm-5.3").name).toBe("zai/glm-5.3");
    expect(identifyModel("nvidia/llama-3.1-nemotron-70b-instruct").vendor).toBe("nvidia");
  });

  it("never throws, and every name it gives names itself", () => {
    const words = [
      ...modelVendors.flatMap(({ word, aliases = [] }) => [word, ...aliases]),
      ...spellings.flatMap(([id]) => id.split(/[^a-z0-9]+/i)),
      ..."bedrock vertex_ai azure openrouter converse us eu global publishers models ft latest fp8 v1 v2p1".split(
        " ",
      ),
    ];
    const glued = fc
      .array(fc.tuple(fc.constantFrom(...words), fc.constantFrom("-", "-", "-", ".", "/", ":", "@", "_", "")), {
        minLength: 1,
        maxLength: 9,
      })
      .map((parts) => parts.flat().join(""));
    const id = fc.oneof(glued, glued, fc.constantFrom(...spellings.map(([written]) => written)), fc.string());
    const said = fc.record(
      { vendor: fc.oneof(fc.constantFrom(...words), fc.string()), version: fc.oneof(glued, fc.string()) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(id, said, (written, given) => {
        const model = identifyModel(written, given);
        expect(model.id).toBe(written);
        if (model.name === undefined) return;
        expect(model.name).toBe(`${model.vendor}/${model.name.split("/")[1]}`);
        expect(identifyModel(model.name).name).toBe(model.name);
      }),
      { numRuns: 5_000 },
    );
  });

  it("gives up on ids longer than any door writes", () => {
    const tuned = (length: number) => `ft:gpt-4o:${"a".repeat(length - "ft:gpt-4o:::id".length)}::id`;
    expect(identifyModel(tuned(512)).name).toBe("openai/gpt-4o");
    expect(identifyModel(tuned(513))).toEqual({ id: tuned(513) });
  });

  it("does not choke on a long id", () => {
    const took = processorMs(() => {
      for (const part of ["-", "a-", "1.", ":", "/", "claude-", "gemini-1-", "llama-"])
        identifyModel(part.repeat(100_000));
      for (const stem of ["gemini-2.5-", "gpt-4o-", "claude-sonnet-", "qwen3-", "meta.llama3-"])
        for (const part of ["pro-", "1", "preview-", "0p1-", "-1-"])
          identifyModel((stem + part.repeat(512)).slice(0, 511));
    });
    expect(took).toBeLessThan(3_000);
  });
});

describe("the vendors of models", () => {
  it("have words that mean one vendor each", () => {
    const words = modelVendors.flatMap(({ word, aliases = [] }) => [word, ...aliases]);
    expect(words.filter((word, at) => words.indexOf(word) !== at)).toEqual([]);
    for (const word of words) expect(word).toBe(word.toLowerCase());
  });

  it("have the ids of one vendor each", () => {
    for (const name of Object.keys(doors)) {
      const model = name.split("/")[1] ?? "";
      const claims = modelVendors.filter(({ begins, own }) => begins.test(model) && own.test(model));
      expect(claims.length, name).toBeLessThan(2);
    }
  });
});
