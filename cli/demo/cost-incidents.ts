/**
 * What is planted in the month about money: spend that runs away, leaks or is stolen, and capacity and bills that no
 * call explains.
 */
import { aws, azure, people } from "./company.ts";
import type { Happening, OpenaiHour } from "./happening.ts";
import type { Incident } from "./incident.ts";
import { at, customsAgent, keys } from "./month.ts";
import type { Random } from "./random.ts";

const HOUR = 3_600_000;
const SDK = "Boto3/1.42.3 md/Botocore#1.42.3 ua/2.1 os/linux lang/python#3.13.1";

const THEFT = { from: at(25, 2), until: at(25, 5) };
/** First day on which the portal's chat stops forgetting, and the day on which that is mended. */
const LEAK = { from: at(14, 0), until: at(28, 0), growth: 1.07 };
/** From a deployment on a morning to the evening of the next day. */
const SWAP = { from: at(23, 9), until: at(24, 18) };

const PROVISIONED = "replies-provisioned";
/** Dollars an hour and unit, reserved by the month. */
const PTU_HOUR = 0.36;

const hourOf = (happening: Happening, key: string): OpenaiHour | undefined =>
  happening.on === "openai" && happening.key === key ? happening : undefined;

export function costIncidents(seed: Random): readonly Incident[] {
  const random = seed.fork("cost incidents");
  return [
    {
      id: "customs-loop",
      story:
        "On a Saturday the customs agent asks for one tariff code again and again, for four hours and a half.",
      findings: [{ rule: "retry-storm", about: "customs-agent", says: "driven by calls ×" }],
      happenings: Array.from({ length: 1_350 }, (_, call) => ({
        on: "bedrock",
        time: at(19, 13, 40) + call * 12_000,
        account: aws.production,
        region: "eu-central-1",
        processedRegion: "eu-central-1",
        modelId: "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
        operation: "Converse",
        caller: customsAgent,
        ip: "10.10.4.20",
        userAgent: SDK,
        inputTokens: 36_000 + random.whole(0, 900),
        outputTokens: random.whole(24, 40),
        metadata: { team: "platform", app: "customs-agent" },
        invocationLogged: true,
      })),
    },
    {
      id: "stolen-newsletter-key",
      story:
        "The key of the newsletter, quiet at night, is used by somebody else from two to five in the morning.",
      findings: [{ rule: "spend-surge", about: keys.newsletter, says: "driven by calls ×" }],
      happenings: [],
      instead: (happening) => {
        const hour = hourOf(happening, keys.newsletter);
        if (!hour || hour.hour < THEFT.from || hour.hour >= THEFT.until) return happening;
        const requests = random.whole(430, 520);
        return {
          ...hour,
          requests: hour.requests + requests,
          inputTokens: hour.inputTokens + requests * random.whole(8_800, 9_600),
          outputTokens: hour.outputTokens + requests * random.whole(3_000, 3_400),
        };
      },
    },
    {
      id: "dear-translations",
      story:
        "A deployment moves the portal's translations from gpt-4o-mini to gpt-5.5, over thirty times as dear.",
      findings: [
        { rule: "dear-model", about: keys.translations, says: "times what the same tokens usually cost it" },
      ],
      happenings: [],
      instead: (happening) => {
        const hour = hourOf(happening, keys.translations);
        return hour && hour.hour >= SWAP.from && hour.hour < SWAP.until
          ? { ...hour, model: "gpt-5.5-2026-04-23", cachedTokens: 0 }
          : happening;
      },
    },
    {
      id: "chat-never-forgets",
      story: "After a release the portal's chat sends its whole history along: 7 % more tokens a call every day.",
      findings: [
        { rule: "slow-leak", about: keys.portalChat, says: "driven by tokens per call +" },
        { rule: "budget-forecast", about: "budget support", says: "will exceed $600" },
        { rule: "budget-crossed", about: "budget support", says: "of $600" },
      ],
      happenings: [],
      instead: (happening) => {
        const hour = hourOf(happening, keys.portalChat);
        if (!hour || hour.hour < LEAK.from || hour.hour >= LEAK.until) return happening;
        const days = Math.floor((hour.hour - LEAK.from) / (24 * HOUR)) + 1;
        return { ...hour, inputTokens: Math.round(hour.inputTokens * LEAK.growth ** days) };
      },
    },
    {
      id: "idle-ptu",
      story: "Fifteen provisioned units are reserved for a migration that never comes, and nobody calls them.",
      findings: [{ rule: "idle-capacity", about: PROVISIONED, says: "an hour: $" }],
      happenings: [
        {
          on: "azure-change",
          time: at(4, 13, 25),
          resourcePath: `resourceGroups/${azure.resourceGroup}/providers/Microsoft.CognitiveServices/accounts/${azure.support}/deployments/${PROVISIONED}`,
          operation: "Microsoft.CognitiveServices/accounts/deployments/write",
          person: people.support[1],
          body: {
            sku: { name: "GlobalProvisionedManaged", capacity: 15 },
            properties: { model: { format: "OpenAI", name: "gpt-4o", version: "2024-11-20" } },
          },
        },
        ...[13, 13.2, 13.5, 14, 16].map((hour, call) => ({
          on: "azure" as const,
          time: at(5, 0) + hour * HOUR,
          resource: azure.support,
          region: "swedencentral",
          deployment: PROVISIONED,
          model: "gpt-4o",
          version: "2024-11-20",
          operation: "ChatCompletions_Create",
          objectId: people.support[1].objectId,
          ip: people.support[1].ip,
          inputTokens: 900 + 40 * call,
          outputTokens: 120,
          status: 200 as const,
        })),
        ...days(4, 30).map((day) => {
          const hours = day === 4 ? 11 : 24;
          return {
            on: "azure-charge" as const,
            day: at(day, 0),
            subscription: azure.subscription,
            resource: azure.support,
            region: "swedencentral",
            meter: "Provisioned Managed Global Unit",
            pricing: "Reservation" as const,
            unit: "1 Hour" as const,
            quantity: 15 * hours,
            usd: 15 * hours * PTU_HOUR,
          };
        }),
      ],
    },
    {
      id: "bill-without-logs",
      story: "The subscription of a company bought in spring pays for gpt-4o every day; nobody collects its logs.",
      findings: [{ rule: "bill-without-calls", about: azure.coastal, says: "has no logged call" }],
      happenings: days(1, 30).flatMap((day) => {
        const isFree = [0, 6].includes(new Date(at(day, 0)).getUTCDay());
        const millions = (isFree ? 2.1 : 7.5) * random.around(1.2);
        return (
          [
            ["gpt 4o 1120 Inp glbl Tokens", millions, 2.5],
            ["gpt 4o 1120 Outp glbl Tokens", millions / 12, 10],
          ] as const
        ).map(([meter, tokens, rate]) => ({
          on: "azure-charge" as const,
          day: at(day, 0),
          subscription: azure.coastal,
          resource: "coastal-booking",
          region: "westeurope",
          meter,
          pricing: "OnDemand" as const,
          unit: "1K" as const,
          quantity: tokens * 1_000,
          usd: tokens * rate,
        }));
      }),
    },
  ];
}

const days = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);
