/** From the configuration's words to a connection, with tokens fetched when they are needed. */
import type { KafkaConnection } from "../config/settings.ts";
import type { ClientCredentials } from "./client-credentials.ts";
import type { KafkaSettings } from "./kafka-bus.ts";

export function kafkaSettings({ brokers, tls, sasl }: KafkaConnection): KafkaSettings {
  const common = { brokers, tls: tls ?? sasl !== undefined };
  if (sasl === undefined) return common;
  switch (sasl.mechanism) {
    case "oauthbearer": {
      const { token } = sasl;
      const tokens = token === undefined ? grantedTokens(sasl) : async () => token;
      return { ...common, sasl: { mechanism: "oauthbearer", token: tokens } };
    }
    case "aws-msk-iam":
      return { ...common, sasl: { mechanism: "oauthbearer", token: () => mskToken(sasl.region) } };
    case "azure-entra":
      return { ...common, sasl: { mechanism: "oauthbearer", token: () => entraToken(brokers[0] ?? "") } };
    default:
      return { ...common, sasl };
  }
}

function grantedTokens(credentials: ClientCredentials) {
  let tokens: Promise<() => Promise<string>> | undefined;
  return async (): Promise<string> => {
    tokens ??= import("./client-credentials.ts").then(({ tokensOf }) => tokensOf(credentials));
    return (await tokens)();
  };
}

async function mskToken(region: string): Promise<string> {
  const { generateAuthToken } = await import("aws-msk-iam-sasl-signer-js");
  return (await generateAuthToken({ region })).token;
}

/** Of Event Hubs the namespace is the audience: `https://name.servicebus.windows.net`. */
async function entraToken(broker: string): Promise<string> {
  const { DefaultAzureCredential } = await import("@azure/identity");
  const { token } = await new DefaultAzureCredential().getToken(`https://${broker.split(":")[0]}/.default`);
  return token;
}
