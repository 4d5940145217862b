import { describe, expect, it, vi } from "vitest";
import { KafkaConnection } from "../config/settings.ts";
import { kafkaSettings } from "./kafka-settings.ts";

const asked = vi.hoisted((): unknown[] => []);
vi.mock("@azure/identity", () => ({
  DefaultAzureCredential: class {
    async getToken(scope: unknown) {
      asked.push(scope);
      return { token: "made-up", expiresOnTimestamp: 0 };
    }
  },
}));

const settingsOf = (given: object) =>
  kafkaSettings(KafkaConnection.parse({ brokers: ["a.example:9093"], ...given }));

const tokenOf = async (given: object): Promise<string> => {
  const { sasl } = settingsOf(given);
  return sasl?.mechanism === "oauthbearer" ? sasl.token() : expect.fail("no token is shown");
};

describe("a connection to Kafka", () => {
  it("uses TLS where it says so, and where it shows credentials", () => {
    const plain = { mechanism: "plain", username: "u", password: "$" + "{env:PASSWORD}" };
    expect(settingsOf({}).tls).toBe(false);
    expect(settingsOf({ tls: "true" }).tls).toBe(true);
    expect(settingsOf({ sasl: plain }).tls).toBe(true);
    expect(settingsOf({ sasl: plain, tls: "false" }).tls).toBe(false);
    expect(settingsOf({ sasl: plain, tls: { ca: "PEM" } }).tls).toEqual({ ca: "PEM" });
    expect(settingsOf({ sasl: plain }).sasl).toEqual(plain);
  });

  const grant = { mechanism: "oauthbearer", tokenUrl: "https://sso.example/token", clientId: "gnomon" };
  const clientSecret = "$" + "{env:CLIENT_SECRET}";

  it("shows a token that somebody keeps, or one that a provider grants", async () => {
    const token = "$" + "{env:TOKEN}";
    expect(await tokenOf({ sasl: { mechanism: "oauthbearer", token } })).toBe(token);
    expect(settingsOf({ sasl: { ...grant, clientSecret } }).sasl?.mechanism).toBe("oauthbearer");
  });

  it.each([
    ["neither", { mechanism: "oauthbearer" }],
    ["both", { ...grant, clientSecret, token: clientSecret }],
    ["half of one", grant],
  ])("is refused where it has %s of token and grant", (_what, sasl) => {
    const read = KafkaConnection.safeParse({ brokers: ["a.example:9093"], sasl });
    expect(read.error?.issues).toMatchObject([
      { path: ["sasl"], message: "either token, or tokenUrl with clientId and clientSecret" },
    ]);
  });

  it("shows MSK a request signed with the credentials of the process", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAMADEUP");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "made-up");
    const token = await tokenOf({ sasl: { mechanism: "aws-msk-iam", region: "eu-central-1" } });
    const url = new URL(Buffer.from(token, "base64url").toString("utf8"));
    expect(url.hostname).toBe("kafka.eu-central-1.amazonaws.com");
    expect(url.searchParams.get("Action")).toBe("kafka-cluster:Connect");
    expect(url.searchParams.get("X-Amz-Credential")).toMatch(/^AKIAMADEUP\//);
  });

  it("asks Entra for a token for the namespace of Event Hubs", async () => {
    const brokers = ["acme.servicebus.windows.net:9093"];
    expect(await tokenOf({ brokers, sasl: { mechanism: "azure-entra" } })).toBe("made-up");
    expect(asked).toEqual(["https://acme.servicebus.windows.net/.default"]);
  });
});
