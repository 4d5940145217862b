import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { processorMs } from "../../test/processor-time.ts";
import { identifyHost } from "./ai-hosts.ts";

describe("identifyHost", () => {
  it.each([
    ["api.openai.com", "openai", undefined],
    ["eu.api.openai.com", "openai", "eu"],
    ["chatgpt.com", "openai.chatgpt", undefined],
    ["ws.chatgpt.com", "openai.chatgpt", undefined],
    ["chat.openai.com", "openai.chatgpt", undefined],
    ["api.anthropic.com", "anthropic", undefined],
    ["claude.ai", "anthropic.claude", undefined],
    ["bedrock-runtime.us-east-1.amazonaws.com", "aws.bedrock", "us-east-1"],
    ["bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "aws.bedrock", "us-gov-west-1"],
    ["bedrock-runtime.cn-north-1.amazonaws.com.cn", "aws.bedrock", "cn-north-1"],
    ["bedrock-agent-runtime.eu-central-1.amazonaws.com", "aws.bedrock", "eu-central-1"],
    ["bedrock-mantle.eu-west-1.api.aws", "aws.bedrock", "eu-west-1"],
    ["vpce-0123-abcd.bedrock-runtime.eu-west-1.vpce.amazonaws.com", "aws.bedrock", "eu-west-1"],
    ["aws-external-anthropic.us-east-1.api.aws", "aws.claude_platform", "us-east-1"],
    ["acme.openai.azure.com", "azure.ai.openai", undefined],
    ["acme.privatelink.openai.azure.com", "azure.ai.openai", undefined],
    ["acme.services.ai.azure.com", "azure.ai.inference", undefined],
    ["acme.cognitiveservices.azure.com", "azure.ai.inference", undefined],
    ["acme-chat.swedencentral.models.ai.azure.com", "azure.ai.inference", "swedencentral"],
    ["models.inference.ai.azure.com", "github", undefined],
    ["aiplatform.googleapis.com", "gcp.vertex_ai", undefined],
    ["us-central1-aiplatform.googleapis.com", "gcp.vertex_ai", "us-central1"],
    ["aiplatform.eu.rep.googleapis.com", "gcp.vertex_ai", "eu"],
    ["12345.europe-west4-67890.prediction.vertexai.goog", "gcp.vertex_ai", undefined],
    ["generativelanguage.googleapis.com", "gcp.gemini", undefined],
    ["cloudcode-pa.googleapis.com", "gcp.gemini_code_assist", undefined],
    ["inference.generativeai.eu-frankfurt-1.oci.oraclecloud.com", "oci.generative_ai", "eu-frankfurt-1"],
    ["api.mistral.ai", "mistral_ai", undefined],
    ["api.cohere.ai", "cohere", undefined],
    ["api.cohere.com", "cohere", undefined],
    ["api.groq.com", "groq", undefined],
    ["api.x.ai", "x_ai", undefined],
    ["api.deepseek.com", "deepseek", undefined],
    ["chat.deepseek.com", "deepseek.app", undefined],
    ["api.perplexity.ai", "perplexity", undefined],
    ["www.perplexity.ai", "perplexity.app", undefined],
    ["openrouter.ai", "openrouter", undefined],
    ["api.together.xyz", "together_ai", undefined],
    ["api.fireworks.ai", "fireworks_ai", undefined],
    ["api.replicate.com", "replicate", undefined],
    ["router.huggingface.co", "huggingface", undefined],
    ["api-inference.huggingface.co", "huggingface", undefined],
    ["abc123.us-east-1.aws.endpoints.huggingface.cloud", "huggingface", undefined],
    ["integrate.api.nvidia.com", "nvidia_nim", undefined],
    ["api.moonshot.cn", "moonshot_ai", undefined],
    ["api.z.ai", "zai", undefined],
    ["open.bigmodel.cn", "zai", undefined],
    ["dashscope-intl.aliyuncs.com", "dashscope", undefined],
    ["ark.cn-beijing.volces.com", "volcengine", "cn-beijing"],
    ["qianfan.baidubce.com", "baidu", undefined],
    ["hunyuan.tencentcloudapi.com", "tencent", undefined],
    ["api.minimax.io", "minimax", undefined],
    ["api.siliconflow.cn", "siliconflow", undefined],
    ["api.githubcopilot.com", "github_copilot", undefined],
    ["api.business.githubcopilot.com", "github_copilot", undefined],
    ["copilot.microsoft.com", "microsoft.copilot", undefined],
    ["api2.cursor.sh", "cursor", undefined],
    ["gateway.ai.cloudflare.com", "cloudflare", undefined],
    ["ai-gateway.vercel.sh", "vercel_ai_gateway", undefined],
    ["api.portkey.ai", "portkey", undefined],
    ["oai.helicone.ai", "helicone", undefined],
    ["poe.com", "poe", undefined],
  ])("knows %s as %s", (host, provider, region) => {
    expect(identifyHost(host)).toMatchObject({ provider, ...(region && { region }) });
    expect(identifyHost(host)?.region).toBe(region);
  });

  it.each([
    "googleapis.com",
    "www.googleapis.com",
    "storage.googleapis.com",
    "amazonaws.com",
    "s3.us-east-1.amazonaws.com",
    "runtime.us-east-1.amazonaws.com",
    "us-east-1.amazonaws.com",
    "api.azure.com",
    "openai.azure.com",
    "management.azure.com",
    "azure.com",
    "api.cloudflare.com",
    "huggingface.co",
    "cdn-lfs.huggingface.co",
    "hf.co",
    "chatgpt.livekit.cloud",
    "telemetry.individual.githubcopilot.com",
    "copilot-telemetry.githubusercontent.com",
    "github.com",
    "www.helicone.ai",
    "status.openai.com",
    "openai.com",
    "www.anthropic.com",
    "docs.mistral.ai",
    "sentry.io",
    "api.statsig.com",
    "notchatgpt.com",
    "chatgpt.com.evil.example",
    "api.openai.com.ec2.internal",
    "xapi.openai.com",
    "aiplatform.googleapis.com.example",
    "-aiplatform.googleapis.com",
    "a.b.openai.azure.com",
    "ai",
    "com",
    "10.0.0.1",
    "",
    ".",
    "..",
    "api..openai.com",
    "https://api.openai.com/v1",
    "api.openai.com/v1",
    "__proto__",
    "constructor",
  ])("does not take %j for a use of AI", (host) => {
    expect(identifyHost(host)).toBeUndefined();
  });

  it.each(["API.OpenAI.com", "api.openai.com.", " api.openai.com ", "api.openai.com:443", "ａｐｉ.openai.com"])(
    "reads %j as logs write it",
    (host) => {
      expect(identifyHost(host)?.provider).toBe("openai");
    },
  );

  it("tells a program's door from a person's, and under whose law it is", () => {
    expect(identifyHost("api.deepseek.com")).toEqual({
      provider: "deepseek",
      name: "DeepSeek",
      category: "api",
      jurisdiction: "CN",
    });
    expect(identifyHost("chat.deepseek.com")).toMatchObject({ category: "app", jurisdiction: "CN" });
    expect(identifyHost("openrouter.ai")?.category).toBe("gateway");
  });

  it("never throws, and knows nothing below or beside a host that is exact", () => {
    const label = fc.stringMatching(/^[a-z0-9-]{1,12}$/);
    fc.assert(
      fc.property(label, fc.string(), (name, any) => {
        identifyHost(any);
        expect(identifyHost(`${name}.api.anthropic.com`)).toBeUndefined();
        expect(identifyHost(`${name}api.anthropic.com`)).toBeUndefined();
        expect(identifyHost(`${name}.claude.ai`)?.provider).toBe("anthropic.claude");
        expect(identifyHost(`${name}claude.ai`)).toBeUndefined();
      }),
    );
  });

  it("does not choke on a long name", () => {
    const took = processorMs(() => {
      for (const part of ["a.", "-", "us-", "1", ".", "é."]) identifyHost(`${part.repeat(100_000)}googleapis.com`);
      identifyHost(`${"a.".repeat(120)}hf.space`);
    });
    expect(took).toBeLessThan(2_000);
  });
});
