/**
 * Who makes models, how each names them, and how doors spell those names: the data behind `identifyModel`.
 *
 * Read from the vendors' own model lists and from what Bedrock, Azure, Vertex AI, OCI and gateways write in their logs
 * (2026-11). A door's new spelling is one line here.
 */

export interface ModelVendor {
  /** First part of a model's name: `anthropic`. */
  readonly word: string;
  /** What doors, registries and gateways call the vendor besides. Lower case. */
  readonly aliases?: readonly string[];
  /**
   * Ids that are this vendor's though nobody says so, in their one spelling. Closed, from start to end: a team's
   * own word (`gpt-4o-prod`) makes an id a deployment or an alias, whose model is not known.
   */
  readonly own: RegExp;
  /** How any spelling of such an id may begin. Only those are tried. */
  readonly begins: RegExp;
  /**
   * Set where the vendor's word also stands before others' models, since they speak its protocol or it serves them:
   * how the vendor's own begin.
   */
  readonly imitated?: RegExp;
  /** Spellings of doors, and the vendor's own. In order, until nothing changes. */
  readonly spellings?: readonly (readonly [RegExp, string])[];
  /** Dates and revisions, which are cut. Groups: `version` or `revision`, and what to keep as `head` and `tail`. */
  readonly snapshots?: readonly RegExp[];
  /** Default: the name up to its first number. */
  readonly families?: readonly (readonly [RegExp, string])[];
}

/** What vendors put behind a stem: numbers, sizes (`70b`, `8x7b`, `a22b`), generations (`v3.1`, `k2.5`), these words. */
const QUALIFIER =
  "v?\\d[\\da-z.]*|[a-z]\\d[\\d.]*[a-z]?|" +
  "air|airx|audio|base|chat|code|coder|computer|creative|deep|edge|embed|embedding|er|exp|fast|flash|flashx|general|" +
  "generate|generation|guard|highspeed|image|instant|instruct|it|large|lightning|lite|live|long|max|math|medium|micro|mini|" +
  "mono|moderation|multilingual|multimodal|nano|native|nemo|next|non|ocr|omni|online|plus|preview|premier|pro|" +
  "prompt|pt|reasoner|reasoning|research|robotics|saba|safeguard|search|small|sonic|speciale|speech|super|terminus|" +
  "think|thinker|thinking|tiny|tts|turbo|ultra|upscale|use|video|vision|vl|voice";

const anyOf = (stems: string): RegExp => new RegExp(`^(?:${stems})(?:-(?:${QUALIFIER}))*$`);

const DAY = /-(?<version>20\d{6})$/;
const YEAR_MONTH = /-(?<version>2[3-9](?:0[1-9]|1[0-2]))$/;
const MONTH_DAY = /-(?<version>(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))$/;

export const modelVendors: readonly ModelVendor[] = [
  {
    word: "anthropic",
    begins: /^claude-/,
    own: /^claude-(?:(?:opus|sonnet|haiku|fable|mythos)-\d+(?:-\d{1,2})?|3(?:-[57])?-(?:opus|sonnet|haiku)|instant-1|[12](?:\.\d)?)(?:-fast)?$/,
    imitated: /^claude-/,
    spellings: [
      [/^claude-v2:1(?::.*)?$/, "claude-2.1"],
      [/^claude-(?:v2|2\.0)(?::.*)?$/, "claude-2"],
      [/^claude-v1(?::.*)?$/, "claude-1"],
      [/^claude-instant-(?:v1|1\.\d)(?::.*)?$/, "claude-instant-1"],
      [/^claude-(\d)\.(\d)-(opus|sonnet|haiku)/, "claude-$1-$2-$3"],
      [/^claude-([a-z]+)-(\d+)\.(\d+)/, "claude-$1-$2-$3"],
      // Up to Claude 3.7 the version came first, since Claude 4 it comes last; gateways write either way.
      [/^claude-(opus|sonnet|haiku)-3(-[57])?(?=$|-)/, "claude-3$2-$1"],
      [/^claude-([4-9])(-\d)?-(opus|sonnet|haiku)(?=$|-)/, "claude-$3-$1$2"],
      [/^(claude-[a-z]+-\d+)-0$/, "$1"],
    ],
    snapshots: [DAY, /-(?<revision>v\d+)$/],
    families: [
      [/^claude-(?:3-(?:[57]-)?)?([a-z]+).*$/, "claude-$1"],
      [/^claude.*$/, "claude"],
    ],
  },
  {
    word: "openai",
    aliases: ["openai-oss", "azure-openai-service"],
    begins:
      /^(?:(?:chat)?gpt-|o\d|text-(?:embedding-(?:3|ada)|davinci|curie|babbage|ada|moderation)|codex-mini|computer-use|dall-?e|tts|whisper|omni-moderation|sora-|davinci-|babbage-)/,
    own: /^(?:(?:chat)?gpt-\d+(?:\.\d+)?o?(?:-(?:16k|32k|audio|chat|codex|deep|diarize|image(?:-\d)?|instruct|luna|astra|max|mini|nano|preview|pro|realtime|research|search|sol|spark|terra|transcribe|tts|turbo|vision))*|gpt-(?:audio|chat|image|realtime|transcribe)(?:-(?:\d(?:\.\d)?|mini))*|gpt-oss-(?:safeguard-)?\d+b|o\d+(?:-(?:mini|pro|preview|deep-research))*|text-embedding-(?:3-small|3-large|ada-002)|text-(?:davinci|curie|babbage|ada)-\d{3}|(?:text|omni)-moderation|codex-mini|computer-use(?:-preview)?|dall-e-\d|tts-1(?:-hd)?|whisper-(?:1|(?:tiny|base|small|medium|large)(?:-v\d)?(?:-turbo)?)|sora-\d(?:-pro)?|(?:davinci|babbage)-002)$/,
    imitated:
      /^(?:(?:chat)?gpt-|o\d|text-(?:embedding|davinci|moderation)|codex|computer-use|dall-e|tts-|whisper|omni-|sora|davinci|babbage)/,
    spellings: [
      // Azure leaves the dot out; Databricks writes a hyphen.
      [/^gpt-35(?=$|-)/, "gpt-3.5"],
      [/^gpt-5-([1-9])(?=$|-)/, "gpt-5.$1"],
      [/^gpt-4-preview$/, "gpt-4-turbo-preview"],
      [/^dalle-?(?=\d)/, "dall-e-"],
      [/^whisper$/, "whisper-1"],
      [/^tts(-hd)?$/, "tts-1$1"],
    ],
    snapshots: [
      /-(?<version>20\d{2}-\d{2}-\d{2})$/,
      /-(?<version>\d{4})(?<tail>-(?:vision-)?preview)?$/,
      /^(?<head>gpt-oss-.*)-(?<revision>\d+:\d+)$/,
      /^(?<head>(?:text|omni)-moderation)-(?<version>stable|\d{3})$/,
    ],
    families: [
      [/^((?:chat)?gpt-(?:3\.5|\d+o?|[a-z]+)).*$/, "$1"],
      [/^(o\d+).*$/, "$1"],
    ],
  },
  {
    word: "google",
    aliases: ["google-deepmind", "deepmind"],
    begins:
      /^(?:gemini|(?:code|med|shield|pali|embedding|function|t5)?gemma|imagen|veo-|lyria-|text-embedding-00|text-multilingual-embedding|textembedding-gecko|multimodalembedding|embedding-001|(?:text|chat|code|codechat)-bison|text-unicorn|code-gecko|learnlm|palm-2|medlm)/,
    own: anyOf(
      "gemini-(?:\\d[\\d.]*|pro|flash|ultra|live-\\d[\\d.]*|omni|embedding|exp|robotics)|(?:code|med|shield|pali|embedding|function|t5)?gemma-\\d[\\da-z]*|imagen-\\d[\\d.]*|veo-\\d[\\d.]*|lyria-\\d+|text-embedding-00\\d|text-multilingual-embedding-00\\d|textembedding-gecko|multimodalembedding|embedding-001|(?:text|chat|code|codechat)-bison|text-unicorn|code-gecko|learnlm-\\d[\\d.]*|palm-2|medlm",
    ),
    spellings: [
      [/^gemini-(pro|flash)-(\d\.\d)(?=$|-)/, "gemini-$2-$1"],
      [/gemma:?(\d)/, "gemma-$1"],
    ],
    snapshots: [
      // Not `gemini-exp-1206`: that has no other name.
      /^(?<head>[a-z]+-[^-].*?)-(?<version>(?:preview|exp(?:erimental)?)(?:-\d{2}-\d{4}|-\d{2}-\d{2}|-\d{4})?)(?<tail>-[a-z][a-z-]*)?$/,
      // The number of an embedding model is the model: vectors of -004 and -005 do not compare.
      /^(?<head>(?:gemini-(?!embedding)|imagen|veo|lyria|(?:text|chat|code|codechat)-bison|text-unicorn|code-gecko|textembedding-gecko|multimodalembedding).*?)-(?<version>00\d)$/,
    ],
    families: [
      [/^gemini-(?:live-)?[\d.]+-(pro|flash-lite|flash|ultra|nano).*$/, "gemini-$1"],
      [/^gemini-(pro|flash-lite|flash|ultra).*$/, "gemini-$1"],
    ],
  },
  {
    word: "meta",
    aliases: ["meta-llama", "codellama"],
    begins: /^(?:meta-)?(?:llama|code-?llama|muse-)/,
    own: anyOf(
      "llama-\\d(?:\\.\\d)?(?:-(?:maverick|scout))?|llama-(?:prompt-)?guard|codellama|muse-(?:spark|glimmer)",
    ),
    spellings: [
      [/^meta-(?=llama|muse)/, ""],
      [/^code-llama/, "codellama"],
      [/^llama-?v?(\d)[-._](\d)(?=$|-)/, "llama-$1.$2"],
      [/^llama-?v?(\d)(?=$|-)/, "llama-$1"],
      [/^(llama-.*-(?:instruct|chat))-(?:turbo|lite|fast|basic|reference)$/, "$1"],
      // Groq's words for its servings of the instruct models.
      [/^(llama-3(?:\.\d)?-\d+b)-(?:versatile|instant|specdec|8192)$/, "$1-instruct"],
      [/^(llama-3-\d+b)-chat$/, "$1-instruct"],
      // Bedrock does not say that these two see; there is no other 11b and 90b.
      [/^llama-3\.2-(11|90)b-(?:(?:text-|vision-)?preview|instruct)$/, "llama-3.2-$1b-vision-instruct"],
      [/^llama-3\.3-70b$/, "llama-3.3-70b-instruct"],
      [/^llama-4-maverick(?:-17b)?(?:-instruct)?$/, "llama-4-maverick-17b-128e-instruct"],
      [/^llama-4-scout(?:-17b)?(?:-instruct)?$/, "llama-4-scout-17b-16e-instruct"],
    ],
    snapshots: [/-(?<revision>v1)$/],
    families: [[/^llama-(\d).*$/, "llama-$1"]],
  },
  {
    word: "mistral",
    aliases: ["mistralai", "mistral-ai", "mistral_ai"],
    begins: /^(?:open-)?(?:mistral|mixtral|codestral|ministral|magistral|devstral|pixtral|voxtral|mathstral)/,
    own: anyOf("mistral|mixtral|codestral|ministral|magistral|devstral|pixtral|voxtral|mathstral"),
    spellings: [
      [/^open-(mistral-nemo|codestral-mamba)/, "$1"],
      [/^open-(mi[sx]tral-(?:7b|8x7b|8x22b))(?=$|-)/, "$1-instruct"],
      [/^(mixtral-8x7b)-32768$/, "$1-instruct"],
      [/^mistral-nemo-instruct(?=$|-)/, "mistral-nemo"],
      [/^mistral-large-3(?:-675b)?(?:-instruct)?(?:-2512)?$/, "mistral-large-2512"],
      [/^mistral-medium-3-(\d)$/, "mistral-medium-3.$1"],
      [/^ministral-3-(\d+b)(?:-instruct)?(?:-2512)?$/, "ministral-$1-2512"],
      [/^devstral-2-123b(?:-instruct)?(?:-2512)?$/, "devstral-2512"],
      [/^voxtral-(mini|small)-(?:3b|24b)(?=$|-)/, "voxtral-$1"],
      [/^mistral-saba-24b$/, "mistral-saba"],
    ],
    snapshots: [YEAR_MONTH, /-(?<version>v0[.:]\d)$/],
  },
  {
    word: "amazon",
    begins: /^(?:nova-|titan-)/,
    // Deepgram, too, has a nova-2 and a nova-3.
    own: /^(?:nova-(?:\d-)?(?:pro|lite|micro|premier|canvas|reel|sonic|omni|act|multimodal-embeddings)|titan-[a-z0-9-]+)$/,
    snapshots: [
      /^(?<head>nova-.*?)-(?<version>preview-20\d{6})$/,
      /^(?<head>nova-.*)-(?<revision>v\d+)$/,
      // Titan's number is part of the product's name: Titan Text Embeddings V2.
      /^(?<head>titan-.*-v\d+):(?<revision>\d+)(?::\w+)?$/,
    ],
    families: [[/^nova-(?:\d-)?([a-z]+).*$/, "nova-$1"]],
  },
  {
    word: "cohere",
    aliases: ["cohereforai", "coherelabs"],
    begins: /^(?:cohere-)?(?:command-|embed-|rerank-|c4ai-|aya-)/,
    own: anyOf(
      "command-(?:a|r|r7b|light|xlarge|nightly)(?:-translate)?|embed-(?:english|multilingual)(?:-light)?|embed|rerank-(?:english|multilingual)|rerank|(?:c4ai-)?aya-(?:expanse|vision)|c4ai-command-(?:a|r)",
    ),
    spellings: [
      [/^cohere-(?=command|embed|rerank)/, ""],
      [/^command(-light)?-text-v\d+(?::.*)?$/, "command$1"],
      [/^embed-v3-(english|multilingual)$/, "embed-$1-v3"],
      [/^((?:embed|rerank)-(?:english|multilingual)(?:-light)?-v\d)(?:\.0|:0)(?::.*)?$/, "$1"],
      [/^embed-v-?(\d)(?:[.-]0)?(?::0)?(?::.*)?$/, "embed-v$1"],
      [/^rerank-v(\d)[.-](\d)(?::0)?$/, "rerank-v$1.$2"],
    ],
    snapshots: [/-(?<version>(?:0[1-9]|1[0-2])-20\d{2})$/],
  },
  {
    word: "deepseek",
    aliases: ["deepseek-ai", "deepseek_ai"],
    begins: /^deepseek[-_]/,
    own: anyOf(
      "deepseek-(?:chat|reasoner|coder|prover|math|vl|ocr|llm|[rv]\\d[\\d.]*)(?:-(?:distill-(?:llama|qwen)|zero))?",
    ),
    spellings: [
      // Bedrock's V3 is V3.1: docs.aws.amazon.com, "DeepSeek models".
      [/^v3-v1:0$/, "deepseek-v3.1"],
      [/^(?=[rv]\d)/, "deepseek-"],
      [/^deepseek_/, "deepseek-"],
      [/^deepseek-chat-(?=v\d)/, "deepseek-"],
    ],
    snapshots: [MONTH_DAY],
  },
  {
    word: "qwen",
    aliases: ["alibaba", "alibaba-cloud", "aliyun"],
    begins: /^(?:qwen|qwq-|qvq-)/,
    own: anyOf("qwen(?:\\d(?:\\.\\d)?)?|qwq|qvq"),
    spellings: [
      [/^qwen-(?=\d)/, "qwen"],
      // Bedrock and others leave the word out; the thinking models keep theirs.
      [/^(qwen3-(?:coder|next|vl|\d+b-a\d+b).*?)-instruct$/, "$1"],
    ],
    snapshots: [YEAR_MONTH, DAY, /-(?<version>20\d{2}-\d{2}-\d{2})$/, MONTH_DAY],
    families: [[/^(qwen\d(?:\.\d)?).*$/, "$1"]],
  },
  {
    word: "xai",
    aliases: ["x-ai", "x_ai"],
    begins: /^grok-/,
    own: anyOf("grok(?:-build|-multi-agent)?"),
    spellings: [
      [/^grok-4-1(?=$|-)/, "grok-4.1"],
      [/^(grok-\d.*)-beta$/, "$1"],
    ],
    snapshots: [MONTH_DAY],
  },
  {
    word: "ai21",
    aliases: ["ai21labs", "ai21-labs", "ai21_chat"],
    begins: /^(?:ai21-)?(?:jamba-|j2-)/,
    own: anyOf("jamba|j2-(?:mid|ultra|light|grande|jumbo)"),
    spellings: [
      [/^ai21-(?=jamba)/, ""],
      [/^jamba-(\d)-(\d)-/, "jamba-$1.$2-"],
      [/^jamba-(\d\.\d)-(large|mini)(?=$|-)/, "jamba-$2-$1"],
    ],
    snapshots: [/-(?<version>20\d{2}-\d{2})$/, /-(?<revision>v1)$/],
  },
  {
    word: "zai",
    aliases: ["z-ai", "z.ai", "zai-org", "zhipu", "zhipuai", "thudm"],
    begins: /^(?:zai-)?glm-/,
    own: anyOf("glm-(?:\\d|z1)[\\d.]*v?(?:-(?:assistant|rumination))?"),
    spellings: [[/^zai-(?=glm)/, ""]],
    snapshots: [/-(?<version>2[3-9]\d{4})$/, MONTH_DAY],
  },
  {
    word: "moonshotai",
    aliases: ["moonshot", "moonshot-ai", "kimi"],
    begins: /^(?:kimi-|moonshot-v)/,
    own: anyOf("kimi-(?:k\\d[\\d.]*|vl|dev)|moonshot-v1"),
    spellings: [[/^kimi-k2-instruct(?=$|-)/, "kimi-k2"]],
    snapshots: [/-(?<version>(?:0[1-9]|1[0-2])\d{2}(?:-preview)?)$/],
  },
  {
    word: "minimax",
    aliases: ["minimaxai", "minimax-ai"],
    begins: /^minimax-/,
    own: anyOf("minimax"),
  },
  {
    word: "nvidia",
    begins: /^(?:nvidia-)?(?:nemotron-|llama-[\d._]+-nemotron)/,
    own: anyOf("nemotron|llama-\\d[\\d.]*-nemotron"),
    spellings: [
      [/^nvidia-(?=nemotron|llama)/, ""],
      [/^llama-(\d)_(\d)/, "llama-$1.$2"],
    ],
    snapshots: [/^(?<head>.*-v\d+):(?<revision>\d+)$/, /^(?<head>nemotron-[^:]*b):(?<revision>\d+)$/],
    families: [[/^.*nemotron.*$/, "nemotron"]],
  },
  {
    word: "microsoft",
    aliases: ["azure-ml", "microsoft-ai"],
    begins: /^(?:phi-|mai-|wizardlm-)/,
    own: anyOf("phi|mai-(?:ds|code|voice|image|\\d)|wizardlm"),
  },
  { word: "ibm", aliases: ["ibm-granite"], begins: /^granite-/, own: anyOf("granite(?:-(?:h|tiny|micro))?") },
  {
    word: "perplexity",
    aliases: ["perplexity-ai"],
    begins: /^(?:sonar|r1-1776|llama-3\.1-sonar)/,
    own: anyOf("sonar|r1-1776|llama-3\\.1-sonar"),
  },
  {
    word: "stability",
    aliases: ["stabilityai", "stability-ai", "stability_ai"],
    begins: /^(?:stable-|sd3)/,
    own: anyOf("stable-(?:diffusion-xl|diffusion|image-(?:core|ultra)|video|audio)|sd3(?:\\.\\d)?"),
    spellings: [[/^sd3-5(?=$|-)/, "sd3.5"]],
  },
  {
    word: "luma",
    aliases: ["lumalabs"],
    begins: /^ray-/,
    own: /^ray-(?:\d|flash-\d)$/,
    spellings: [[/^ray-v(\d)(?::\d)?$/, "ray-$1"]],
  },
  {
    word: "twelvelabs",
    aliases: ["twelve-labs"],
    begins: /^(?:pegasus|marengo)-/,
    own: anyOf("pegasus|marengo"),
    spellings: [[/^(pegasus|marengo-embed|marengo)-(\d)-(\d)(?=$|-)/, "$1-$2.$3"]],
  },
  { word: "writer", begins: /^palmyra-/, own: anyOf("palmyra(?:-(?:fin|med))?") },
  { word: "databricks", begins: /^dbrx/, own: anyOf("dbrx"), imitated: /^dbrx/ },
  {
    word: "snowflake",
    begins: /^snowflake-arctic/,
    own: anyOf("snowflake-arctic"),
    imitated: /^snowflake-arctic/,
  },
  { word: "upstage", begins: /^solar-/, own: anyOf("solar") },
  {
    word: "voyage",
    aliases: ["voyageai", "voyage-ai"],
    begins: /^voyage-/,
    own: anyOf("voyage(?:-(?:finance|law|context))?"),
  },
  {
    word: "jina",
    aliases: ["jinaai", "jina_ai", "jina-ai"],
    begins: /^jina-/,
    own: anyOf("jina-(?:embeddings|reranker|clip|colbert)"),
  },
  {
    word: "black-forest-labs",
    aliases: ["black_forest_labs", "bfl"],
    begins: /^flux[-.]/,
    own: anyOf("flux(?:[-.]\\d[\\d.]*)?(?:-(?:dev|schnell|kontext))?"),
  },
  { word: "elevenlabs", begins: /^eleven_/, own: /^(?:eleven|scribe)_[a-z0-9_]+$/ },
  { word: "deepgram", begins: /^(?:nova-[23]|aura-|flux-general)/, own: /^nova-[23](?:-(?:general|medical))?$/ },
  { word: "assemblyai", begins: /^universal-/, own: /^universal-\d$/ },
  { word: "baidu", begins: /^ernie-/, own: anyOf("ernie(?:-speed|-x1)?") },
  { word: "tencent", begins: /^hunyuan-/, own: anyOf("hunyuan(?:-(?:t1|turbos|a13b))?") },
  {
    word: "bytedance",
    aliases: ["bytedance-seed", "bytedance-research"],
    begins: /^(?:doubao-|seed-|ui-tars)/,
    own: anyOf("doubao(?:-seed)?|seed-\\d[\\d.]*|ui-tars"),
  },
  { word: "01-ai", aliases: ["01ai", "zero-one-ai"], begins: /^yi-/, own: anyOf("yi(?:-lightning)?") },
  { word: "nousresearch", aliases: ["nous"], begins: /^hermes-/, own: anyOf("hermes") },
  { word: "allenai", aliases: ["ai2"], begins: /^(?:olmo|molmo)/, own: anyOf("olmo|molmo") },
  { word: "liquid", aliases: ["liquidai"], begins: /^lfm/, own: anyOf("lfm\\d?") },
  { word: "inception", begins: /^mercury-/, own: anyOf("mercury") },
  { word: "reka", aliases: ["rekaai"], begins: /^reka-/, own: anyOf("reka(?:-core)?") },
  {
    word: "arcee",
    aliases: ["arcee-ai"],
    begins: /^(?:arcee-|trinity-)/,
    own: anyOf("arcee-(?:blitz|agent)|trinity"),
  },
  { word: "inflection", begins: /^inflection-/, own: anyOf("inflection(?:-\\d)?(?:-(?:pi|productivity))?") },
  { word: "tii", aliases: ["tiiuae"], begins: /^falcon/, own: anyOf("falcon\\d?") },
  { word: "core42", begins: /^jais-/, own: anyOf("jais") },
  {
    word: "aleph-alpha",
    aliases: ["aleph_alpha"],
    begins: /^luminous-/,
    own: anyOf("luminous(?:-(?:extended|supreme))?"),
  },
  { word: "xiaomi", aliases: ["xiaomimimo"], begins: /^mimo-/, own: anyOf("mimo") },
  { word: "thinkingmachines", begins: /^inkling/, own: anyOf("inkling") },
  {
    word: "baai",
    begins: /^bge-/,
    own: anyOf("bge(?:-(?:base|large|small|multilingual|reranker))*(?:-(?:en|zh))?"),
  },
];
