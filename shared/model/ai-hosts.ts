/**
 * The hosts of AI services: which door a name leads to, for logs that see names only (DNS, proxies, TLS).
 *
 * Compiled from the vendors' documentation of their endpoints (2026-11). Listed is what people and programs talk to
 * when they use a service; not listed are websites about it, status pages, downloads, telemetry and content networks.
 */

export interface AiHost {
  /** The door: OpenTelemetry's `gen_ai.provider.name` where there is one, else the gateways' word for it. */
  readonly provider: string;
  /** For people: `OpenAI`, `ChatGPT`. */
  readonly name: string;
  /** `api` programs call models · `app` people use a product · `gateway` one door to the models of several vendors. */
  readonly category: "api" | "app" | "gateway";
  /** Where the host is, if its name says so. */
  readonly region?: string;
  /** ISO 3166 country whose law the operator is under. Absent: not known. */
  readonly jurisdiction?: string;
}

type Entry = readonly [
  provider: string,
  name: string,
  category: AiHost["category"],
  jurisdiction: string,
  hosts: string,
];

/**
 * Hosts are exact; `.example.com` is a domain and all below it; `*` is one label; `{region}` is a label, or part of
 * one, that names a region; `!` marks what is below a listed domain and still no use of it.
 */
const catalogue: readonly Entry[] = [
  // Clouds
  [
    "aws.bedrock",
    "Amazon Bedrock",
    "api",
    "US",
    `bedrock-runtime.{region}.amazonaws.com bedrock-runtime-fips.{region}.amazonaws.com
    bedrock-runtime.{region}.api.aws bedrock-runtime-fips.{region}.api.aws
    *.bedrock-runtime.{region}.vpce.amazonaws.com bedrock-mantle.{region}.api.aws
    *.bedrock-mantle.{region}.vpce.amazonaws.com bedrock-runtime.{region}.amazonaws.com.cn
    bedrock-agent-runtime.{region}.amazonaws.com bedrock-agent-runtime-fips.{region}.amazonaws.com
    *.bedrock-agent-runtime.{region}.vpce.amazonaws.com bedrock-agentcore.{region}.amazonaws.com
    bedrock-data-automation-runtime.{region}.amazonaws.com bedrock.{region}.amazonaws.com
    bedrock-fips.{region}.amazonaws.com bedrock-agent.{region}.amazonaws.com`,
  ],
  ["aws.claude_platform", "Claude Platform on AWS", "api", "US", "aws-external-anthropic.{region}.api.aws"],
  [
    "aws.q",
    "Amazon Q",
    "app",
    "US",
    `q.{region}.amazonaws.com codewhisperer.{region}.amazonaws.com *.chat.qbusiness.{region}.on.aws
    qbusiness.{region}.api.aws .kiro.dev`,
  ],
  [
    "azure.ai.openai",
    "Azure OpenAI",
    "api",
    "US",
    `*.openai.azure.com *.privatelink.openai.azure.com *.openai.azure.us *.openai.azure.cn`,
  ],
  [
    "azure.ai.inference",
    "Azure AI Foundry",
    "api",
    "US",
    `*.services.ai.azure.com *.privatelink.services.ai.azure.com *.{region}.models.ai.azure.com
    *.{region}.inference.ai.azure.com *.cognitiveservices.azure.com *.privatelink.cognitiveservices.azure.com
    *.cognitiveservices.azure.us {region}.api.cognitive.microsoft.com *.{region}.inference.ml.azure.com`,
  ],
  [
    "gcp.vertex_ai",
    "Google Vertex AI",
    "api",
    "US",
    `aiplatform.googleapis.com {region}-aiplatform.googleapis.com aiplatform.{region}.rep.googleapis.com
    {region}-aiplatform.p.googleapis.com .prediction.vertexai.goog discoveryengine.googleapis.com
    {region}-discoveryengine.googleapis.com`,
  ],
  ["gcp.gemini", "Gemini API", "api", "US", "generativelanguage.googleapis.com"],
  [
    "gcp.gemini_code_assist",
    "Gemini Code Assist",
    "app",
    "US",
    `cloudcode-pa.googleapis.com daily-cloudcode-pa.googleapis.com cloudaicompanion.googleapis.com
    antigravity-pa.googleapis.com antigravity.googleapis.com aicode.googleapis.com aida.googleapis.com
    jules.google.com jules.googleapis.com`,
  ],
  [
    "google.gemini",
    "Gemini",
    "app",
    "US",
    `gemini.google.com bard.google.com aistudio.google.com makersuite.google.com notebooklm.google.com
    notebooklm-pa.googleapis.com alkalimakersuite-pa.clients6.google.com labs.google aisandbox-pa.googleapis.com`,
  ],
  [
    "oci.generative_ai",
    "OCI Generative AI",
    "api",
    "US",
    `inference.generativeai.{region}.oci.oraclecloud.com generativeai.{region}.oci.oraclecloud.com
    agent-runtime.generativeai.{region}.oci.oraclecloud.com agent.generativeai.{region}.oci.oraclecloud.com`,
  ],
  [
    "ibm.watsonx.ai",
    "IBM watsonx.ai",
    "api",
    "US",
    "{region}.ml.cloud.ibm.com private.{region}.ml.cloud.ibm.com {region}.dai.cloud.ibm.com",
  ],
  ["databricks", "Databricks AI Gateway", "gateway", "US", "*.ai-gateway.cloud.databricks.com"],
  ["scaleway", "Scaleway Generative APIs", "api", "FR", "api.scaleway.ai *.ifr.{region}.scaleway.com"],
  ["ovhcloud", "OVHcloud AI Endpoints", "api", "FR", ".endpoints.kepler.ai.cloud.ovh.net"],
  ["nebius", "Nebius", "api", "NL", "api.studio.nebius.ai api.studio.nebius.com api.tokenfactory.nebius.com"],
  ["digitalocean", "DigitalOcean Gradient", "api", "US", "inference.do-ai.run .agents.do-ai.run"],
  ["lambda_ai", "Lambda", "api", "US", "api.lambda.ai api.lambdalabs.com"],

  // Makers of models
  ["openai", "OpenAI", "api", "US", "api.openai.com {region}.api.openai.com realtime.openai.com"],
  [
    "openai.chatgpt",
    "ChatGPT",
    "app",
    "US",
    ".chatgpt.com chat.openai.com .chat.com .oaiusercontent.com sora.openai.com .sora.com",
  ],
  ["anthropic", "Anthropic", "api", "US", "api.anthropic.com"],
  [
    "anthropic.claude",
    "Claude",
    "app",
    "US",
    ".claude.ai claude.com .claudeusercontent.com .claudemcpcontent.com",
  ],
  ["mistral_ai", "Mistral AI", "api", "FR", "api.mistral.ai codestral.mistral.ai"],
  ["mistral_ai.le_chat", "Le Chat", "app", "FR", "chat.mistral.ai console.mistral.ai"],
  ["cohere", "Cohere", "api", "CA", "api.cohere.ai api.cohere.com"],
  ["cohere.app", "Cohere", "app", "CA", "coral.cohere.com dashboard.cohere.com"],
  ["x_ai", "xAI", "api", "US", "api.x.ai {region}.api.x.ai management-api.x.ai"],
  ["x_ai.grok", "Grok", "app", "US", ".grok.com grok.x.ai grok.x.com"],
  ["perplexity", "Perplexity API", "api", "US", "api.perplexity.ai"],
  ["perplexity.app", "Perplexity", "app", "US", ".perplexity.ai .perplexity.com .pplx.ai"],
  ["deepseek", "DeepSeek", "api", "CN", "api.deepseek.com"],
  ["deepseek.app", "DeepSeek Chat", "app", "CN", "chat.deepseek.com platform.deepseek.com"],
  ["moonshot_ai", "Moonshot AI", "api", "CN", "api.moonshot.ai api.moonshot.cn"],
  [
    "moonshot_ai.kimi",
    "Kimi",
    "app",
    "CN",
    ".kimi.com .kimi.ai kimi.moonshot.cn platform.moonshot.ai platform.moonshot.cn",
  ],
  ["zai", "Z.ai", "api", "CN", "api.z.ai open.bigmodel.cn"],
  ["zai.app", "Z.ai Chat", "app", "CN", "chat.z.ai .chatglm.cn"],
  [
    "dashscope",
    "Alibaba Model Studio",
    "api",
    "CN",
    `dashscope.aliyuncs.com dashscope-intl.aliyuncs.com dashscope-us.aliyuncs.com dashscope-finance.aliyuncs.com
    *.{region}.maas.aliyuncs.com`,
  ],
  ["qwen.app", "Qwen Chat", "app", "CN", ".qwen.ai .qwenlm.ai tongyi.aliyun.com .tongyi.com .qianwen.com"],
  [
    "volcengine",
    "Volcengine Ark",
    "api",
    "CN",
    "ark.{region}.volces.com ark.{region}.bytepluses.com ark-runtime-api.{region}.volces.com",
  ],
  ["bytedance.doubao", "Doubao", "app", "CN", ".doubao.com"],
  ["bytedance.coze", "Coze", "app", "CN", ".coze.com .coze.cn"],
  ["bytedance.trae", "Trae", "app", "CN", ".trae.ai .trae.cn .marscode.com"],
  ["baidu", "Baidu Qianfan", "api", "CN", "qianfan.baidubce.com aip.baidubce.com"],
  ["baidu.ernie", "ERNIE Bot", "app", "CN", "yiyan.baidu.com ernie.baidu.com .ernie.bot"],
  [
    "tencent",
    "Tencent Hunyuan",
    "api",
    "CN",
    "hunyuan.tencentcloudapi.com hunyuan.{region}.tencentcloudapi.com api.hunyuan.cloud.tencent.com",
  ],
  ["tencent.yuanbao", "Yuanbao", "app", "CN", "yuanbao.tencent.com hunyuan.tencent.com"],
  ["tencent.codebuddy", "CodeBuddy", "app", "CN", ".codebuddy.cn .codebuddy.ai"],
  ["minimax", "MiniMax", "api", "CN", "api.minimax.io api.minimax.chat api.minimaxi.com api.minimaxi.chat"],
  ["minimax.app", "MiniMax", "app", "CN", "agent.minimax.io .hailuoai.com .hailuoai.video"],
  ["stepfun", "StepFun", "api", "CN", "api.stepfun.com api.stepfun.ai"],
  ["01_ai", "01.AI", "api", "CN", "api.lingyiwanwu.com api.01.ai"],
  ["baichuan", "Baichuan", "api", "CN", "api.baichuan-ai.com"],
  ["iflytek", "iFlytek Spark", "api", "CN", "spark-api.xf-yun.com spark-api-open.xf-yun.com xinghuo.xfyun.cn"],
  ["sensetime", "SenseNova", "api", "CN", "api.sensenova.cn chat.sensetime.com"],
  ["metaso", "Metaso", "app", "CN", ".metaso.cn"],
  ["qihoo_360", "360 AI", "app", "CN", "www.n.cn"],
  ["siliconflow", "SiliconFlow", "api", "CN", "api.siliconflow.cn api.siliconflow.com"],
  ["modelscope", "ModelScope", "api", "CN", "api-inference.modelscope.cn dashscope.modelscope.cn"],
  [
    "yandex",
    "Yandex Foundation Models",
    "api",
    "RU",
    "llm.api.cloud.yandex.net rest-assistant.api.cloud.yandex.net",
  ],
  ["yandex.alice", "Alice", "app", "RU", "alice.yandex.ru"],
  ["sber", "GigaChat", "api", "RU", "gigachat.devices.sberbank.ru giga.chat gigachat.sber.ru"],
  [
    "naver",
    "CLOVA Studio",
    "api",
    "KR",
    "clovastudio.stream.ntruss.com clovastudio.apigw.ntruss.com clova-x.naver.com",
  ],
  ["upstage", "Upstage", "api", "KR", "api.upstage.ai"],
  ["sarvam", "Sarvam AI", "api", "IN", "api.sarvam.ai"],
  ["ai71", "AI71", "api", "AE", "api.ai71.ai chat.falconllm.tii.ae"],
  ["ai21", "AI21 Labs", "api", "IL", "api.ai21.com studio.ai21.com"],
  ["aleph_alpha", "Aleph Alpha", "api", "DE", "api.aleph-alpha.com"],
  ["reka", "Reka", "api", "US", "api.reka.ai chat.reka.ai"],
  ["writer", "Writer", "api", "US", "api.writer.com app.writer.com"],
  ["inception", "Inception", "api", "US", "api.inceptionlabs.ai chat.inceptionlabs.ai"],
  ["arcee", "Arcee AI", "api", "US", "api.arcee.ai models.arcee.ai"],
  ["inflection", "Inflection", "app", "US", "pi.ai api.inflection.ai"],
  ["meta_llama", "Llama API", "api", "US", "api.llama.com"],
  ["meta.app", "Meta AI", "app", "US", ".meta.ai"],
  ["nvidia_nim", "NVIDIA NIM", "api", "US", "integrate.api.nvidia.com ai.api.nvidia.com api.nvcf.nvidia.com"],
  ["voyage", "Voyage AI", "api", "US", "api.voyageai.com"],
  ["jina_ai", "Jina AI", "api", "DE", "api.jina.ai deepsearch.jina.ai"],
  ["liquid", "Liquid AI", "api", "US", "inference-1.liquid.ai playground.liquid.ai"],
  ["morph", "Morph", "api", "US", "api.morphllm.com"],

  // Hosts of others' models
  ["groq", "Groq", "api", "US", "api.groq.com {region}.api.groq.com chat.groq.com console.groq.com"],
  ["cerebras", "Cerebras", "api", "US", "api.cerebras.ai cloud.cerebras.ai inference.cerebras.ai"],
  ["sambanova", "SambaNova", "api", "US", "api.sambanova.ai cloud.sambanova.ai"],
  ["together_ai", "Together AI", "api", "US", "api.together.xyz api.together.ai"],
  ["fireworks_ai", "Fireworks AI", "api", "US", "api.fireworks.ai audio-prod.api.fireworks.ai app.fireworks.ai"],
  ["replicate", "Replicate", "api", "US", "api.replicate.com stream.replicate.com"],
  [
    "huggingface",
    "Hugging Face Inference",
    "api",
    "US",
    "router.huggingface.co api-inference.huggingface.co .endpoints.huggingface.cloud",
  ],
  ["huggingface.spaces", "Hugging Face Spaces", "app", "US", ".hf.space"],
  ["deepinfra", "DeepInfra", "api", "US", "api.deepinfra.com"],
  ["novita", "Novita AI", "api", "US", "api.novita.ai"],
  ["hyperbolic", "Hyperbolic", "api", "US", "api.hyperbolic.xyz"],
  ["anyscale", "Anyscale", "api", "US", "api.endpoints.anyscale.com"],
  ["baseten", "Baseten", "api", "US", "inference.baseten.co *.api.baseten.co"],
  ["friendliai", "FriendliAI", "api", "US", "api.friendli.ai"],
  ["featherless_ai", "Featherless", "api", "US", "api.featherless.ai"],
  ["nscale", "Nscale", "api", "GB", "inference.api.nscale.com"],
  ["lepton", "Lepton AI", "api", "US", "*.lepton.run"],
  ["octoai", "OctoAI", "api", "US", "text.octoai.run image.octoai.run"],
  ["predibase", "Predibase", "api", "US", "serving.app.predibase.com"],
  ["runpod", "RunPod", "api", "US", "api.runpod.ai"],
  ["modal", "Modal", "api", "US", "*.modal.run"],
  ["fal_ai", "fal", "api", "US", "fal.run *.fal.run queue.fal.run rest.alpha.fal.ai"],
  ["chutes", "Chutes", "api", "US", "llm.chutes.ai"],
  ["venice", "Venice", "api", "US", "api.venice.ai venice.ai"],
  ["parasail", "Parasail", "api", "US", "api.parasail.io"],
  ["avian", "Avian", "api", "US", "api.avian.io"],
  ["doubleword", "Doubleword", "api", "GB", "api.doubleword.ai"],
  ["ollama", "Ollama Cloud", "api", "US", "api.ollama.com"],
  ["github", "GitHub Models", "api", "US", "models.github.ai models.inference.ai.azure.com"],

  // One door to many
  ["openrouter", "OpenRouter", "gateway", "US", "openrouter.ai {region}.openrouter.ai api.openrouter.ai"],
  ["cloudflare", "Cloudflare AI Gateway", "gateway", "US", "gateway.ai.cloudflare.com"],
  ["vercel_ai_gateway", "Vercel AI Gateway", "gateway", "US", "ai-gateway.vercel.sh"],
  ["portkey", "Portkey", "gateway", "US", "api.portkey.ai"],
  [
    "helicone",
    "Helicone",
    "gateway",
    "US",
    "*.helicone.ai oai.hconeai.com !www.helicone.ai !docs.helicone.ai !status.helicone.ai",
  ],
  ["requesty", "Requesty", "gateway", "US", "router.requesty.ai router.eu.requesty.ai"],
  ["aiml", "AI/ML API", "gateway", "US", "api.aimlapi.com"],
  ["eden_ai", "Eden AI", "gateway", "FR", "api.edenai.run"],
  ["braintrust", "Braintrust Proxy", "gateway", "US", "gateway.braintrust.dev"],
  ["poe", "Poe", "gateway", "US", ".poe.com"],
  ["you", "You.com", "app", "US", "you.com chat-api.you.com api.ydc-index.io"],
  ["duckduckgo", "Duck.ai", "gateway", "US", "duck.ai"],

  // Assistants for developers
  [
    "github_copilot",
    "GitHub Copilot",
    "app",
    "US",
    ".githubcopilot.com copilot-proxy.githubusercontent.com !telemetry.*.githubcopilot.com !copilot-telemetry.githubcopilot.com",
  ],
  ["cursor", "Cursor", "app", "US", ".cursor.sh api.cursor.com !marketplace.cursor.sh"],
  [
    "windsurf",
    "Windsurf",
    "app",
    "US",
    "server.codeium.com inference.codeium.com web-backend.codeium.com server.self-serve.windsurf.com",
  ],
  ["tabnine", "Tabnine", "app", "IL", "api.tabnine.com gateway-prod.tabnine.com"],
  ["sourcegraph", "Cody and Amp", "app", "US", "cody-gateway.sourcegraph.com ampcode.com"],
  ["augment", "Augment Code", "app", "US", "*.api.augmentcode.com"],
  ["jetbrains_ai", "JetBrains AI", "app", "CZ", "api.jetbrains.ai .grazie.ai *.grazie.aws.intellij.net"],
  ["continue", "Continue", "app", "US", "api.continue.dev"],
  ["replit", "Replit Agent", "app", "US", "agent.replit.com"],
  ["v0", "v0", "app", "US", "v0.dev v0.app api.v0.dev"],
  ["bolt", "Bolt", "app", "US", "bolt.new"],
  ["lovable", "Lovable", "app", "SE", "lovable.dev api.lovable.dev"],
  ["devin", "Devin", "app", "US", "app.devin.ai api.devin.ai"],
  ["warp", "Warp", "app", "US", "app.warp.dev"],
  ["zed", "Zed AI", "app", "US", "llm.zed.dev"],
  ["supermaven", "Supermaven", "app", "US", "supermaven.com *.supermaven.com"],
  ["qodo", "Qodo", "app", "IL", "api.qodo.ai api.codium.ai"],

  // Assistants for everybody
  [
    "microsoft.copilot",
    "Microsoft Copilot",
    "app",
    "US",
    "copilot.microsoft.com sydney.bing.com copilot.cloud.microsoft m365.cloud.microsoft substrate.svc.cloud.microsoft",
  ],
  ["manus", "Manus", "app", "SG", ".manus.im"],
  ["genspark", "Genspark", "app", "US", "www.genspark.ai"],
  ["character_ai", "Character.AI", "app", "US", ".character.ai .c.ai"],
  ["phind", "Phind", "app", "US", ".phind.com"],
  ["monica", "Monica", "app", "SG", "monica.im api.monica.im"],
  ["sider", "Sider", "app", "SG", "sider.ai api1.sider.ai api2.sider.ai api3.sider.ai"],
  ["merlin", "Merlin", "app", "IN", "app.getmerlin.in uam.getmerlin.in"],
  ["chatpdf", "ChatPDF", "app", "DE", "www.chatpdf.com api.chatpdf.com"],
  ["jasper", "Jasper", "app", "US", "app.jasper.ai api.jasper.ai"],
  ["copy_ai", "Copy.ai", "app", "US", "app.copy.ai api.copy.ai"],
  ["writesonic", "Writesonic", "app", "US", "app.writesonic.com api.writesonic.com"],
  ["quillbot", "QuillBot", "app", "US", "quillbot.com"],
  ["grammarly", "Grammarly", "app", "US", "capi.grammarly.com"],
  ["deepl", "DeepL", "app", "DE", "api.deepl.com api-free.deepl.com write-pro.www.deepl.com"],
  ["glean", "Glean", "app", "US", "app.glean.com"],
  ["dust", "Dust", "app", "FR", "dust.tt eu.dust.tt"],
  ["gamma", "Gamma", "app", "US", "gamma.app"],
  ["consensus", "Consensus", "app", "US", "consensus.app"],
  ["lumo", "Proton Lumo", "app", "CH", "lumo.proton.me"],

  // Pictures, film and sound
  ["stability", "Stability AI", "api", "GB", "api.stability.ai grpc.stability.ai"],
  ["black_forest_labs", "Black Forest Labs", "api", "DE", "api.bfl.ai api.{region}.bfl.ai api.bfl.ml"],
  ["midjourney", "Midjourney", "app", "US", ".midjourney.com"],
  ["ideogram", "Ideogram", "app", "CA", "ideogram.ai api.ideogram.ai"],
  ["leonardo", "Leonardo.Ai", "app", "AU", "app.leonardo.ai cloud.leonardo.ai"],
  ["recraft", "Recraft", "api", "GB", "external.api.recraft.ai"],
  ["runwayml", "Runway", "app", "US", "app.runwayml.com api.runwayml.com api.dev.runwayml.com"],
  ["luma", "Luma", "api", "US", "api.lumalabs.ai dream-machine.lumalabs.ai"],
  ["pika", "Pika", "app", "US", "pika.art"],
  ["kling", "Kling", "app", "CN", ".klingai.com .kling.ai"],
  ["adobe.firefly", "Adobe Firefly", "app", "US", "firefly.adobe.com firefly-api.adobe.io firefly-3p.ff.adobe.io"],
  [
    "elevenlabs",
    "ElevenLabs",
    "api",
    "US",
    "api.elevenlabs.io api.{region}.elevenlabs.io api.{region}.residency.elevenlabs.io",
  ],
  ["deepgram", "Deepgram", "api", "US", "api.deepgram.com agent.deepgram.com"],
  [
    "assemblyai",
    "AssemblyAI",
    "api",
    "US",
    "api.assemblyai.com api.eu.assemblyai.com streaming.assemblyai.com llm-gateway.assemblyai.com",
  ],
  ["cartesia", "Cartesia", "api", "US", "api.cartesia.ai"],
  ["playht", "PlayHT", "api", "US", "api.play.ht"],
  ["murf", "Murf", "api", "US", "api.murf.ai murf.ai"],
  ["hume", "Hume AI", "api", "US", "api.hume.ai"],
  ["heygen", "HeyGen", "app", "US", "api.heygen.com app.heygen.com"],
  ["synthesia", "Synthesia", "app", "GB", "api.synthesia.io app.synthesia.io"],
  ["suno", "Suno", "app", "US", ".suno.com studio-api.suno.ai"],
  ["udio", "Udio", "app", "US", "www.udio.com"],
  ["otter", "Otter", "app", "US", "otter.ai"],
  ["fireflies", "Fireflies", "app", "US", "app.fireflies.ai api.fireflies.ai"],
  ["read_ai", "Read AI", "app", "US", "app.read.ai api.read.ai"],
];

interface Node {
  readonly labels: Map<string, Node>;
  /** Under a label that names a region: what stands behind the region in it (`-aiplatform`, mostly nothing), and on. */
  readonly regions: { readonly behind: string; readonly node: Node }[];
  any?: Node;
  /** Of this name itself. `null`: known, and no use of AI. */
  here?: AiHost | null;
  /** Of all names below. */
  below?: AiHost | null;
}

const emptyNode = (): Node => ({ labels: new Map(), regions: [] });

/** Labels from the right, as names are delegated: a host is found in as many steps as it has labels. */
const root: Node = emptyNode();

for (const [provider, name, category, jurisdiction, hosts] of catalogue) {
  const host: AiHost = { provider, name, category, jurisdiction };
  for (const written of hosts.split(/\s+/)) {
    const pattern = written.replace(/^!/, "");
    const node = nodeFor(pattern.replace(/^\./, "").split(".").reverse());
    node.here = pattern === written ? host : null;
    if (pattern.startsWith(".")) node.below = host;
  }
}

function nodeFor(labels: readonly string[]): Node {
  let node = root;
  for (const label of labels) node = childFor(node, label);
  return node;
}

function childFor(node: Node, label: string): Node {
  if (label === "*") {
    node.any ??= emptyNode();
    return node.any;
  }
  if (label.startsWith("{region}")) {
    const behind = label.slice("{region}".length);
    const known = node.regions.find((region) => region.behind === behind)?.node;
    if (known) return known;
    const child = emptyNode();
    node.regions.push({ behind, node: child });
    return child;
  }
  const child = node.labels.get(label) ?? emptyNode();
  node.labels.set(label, child);
  return child;
}

/** Every door that a host leads to. */
export const doorsWithHosts: readonly string[] = [...new Set(catalogue.map(([provider]) => provider))];

/** A host as a log writes it: any case, with a trailing dot or a port, in Unicode or Punycode. Never throws. */
export function identifyHost(host: string): AiHost | undefined {
  const name = hostName(host);
  if (name === undefined) return undefined;
  return find(root, name.split("."), undefined) ?? undefined;
}

/** `labels` are those not looked at yet; the last comes first. `null` where the name is known to be no use of AI. */
function find(node: Node, labels: readonly string[], region: string | undefined): AiHost | null | undefined {
  const label = labels.at(-1);
  if (label === undefined) return node.here && region !== undefined ? { ...node.here, region } : node.here;
  const rest = labels.slice(0, -1);

  const child = node.labels.get(label);
  const literal = child && find(child, rest, region);
  if (literal !== undefined) return literal;
  for (const { behind, node: next } of node.regions) {
    const named = label.slice(0, label.length - behind.length);
    if (!label.endsWith(behind) || !REGION.test(named)) continue;
    const found = find(next, rest, named);
    if (found !== undefined) return found;
  }
  const found = node.any && find(node.any, rest, region);
  return found === undefined ? node.below : found;
}

/** `us-east-1`, `europe-west4`, `swedencentral`, `eu`. */
const REGION = /^[a-z]{2,}[a-z0-9-]*$/;

function hostName(written: string): string | undefined {
  const name = written
    .trim()
    .replace(/:\d{1,5}$/, "")
    .replace(/\.$/, "")
    .toLowerCase();
  if (/^[a-z0-9._-]+$/.test(name)) return name;
  return /[^\p{ASCII}]/u.test(name) && URL.canParse(`http://${name}`)
    ? new URL(`http://${name}`).hostname
    : undefined;
}
