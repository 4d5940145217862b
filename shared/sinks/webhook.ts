/**
 * A signed webhook, Standard Webhooks 1.0 (standardwebhooks.com): `webhook-id` stays the same over retries, so that a
 * receiver can drop what it has seen.
 */
import { createHmac } from "node:crypto";
import { z } from "zod";
import { secret } from "../config/settings.ts";
import { offer, reach } from "../http/post.ts";
import { PipelineError } from "../model/errors.ts";
import { SECOND_MS, toIsoTime } from "../model/units.ts";
import { type Delivery, defineSink } from "./sink.ts";

const Settings = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  /** `whsec_…` in base64, or any text of 16 characters and more. */
  secret,
});

export const webhook = defineSink({
  id: "webhook",
  title: "Signed webhook",
  settings: Settings,
  batchSize: 20,

  async *send(deliveries, { settings, now, signal }) {
    let taken = 0;
    const invalid: { readonly id: string; readonly refused: string }[] = [];
    for (const delivery of deliveries) {
      const body = JSON.stringify(bodyOf(delivery));
      const timestamp = String(Math.floor(now / SECOND_MS));
      const answer = await offer("webhook", settings.url, {
        headers: {
          "content-type": "application/json",
          "webhook-id": delivery.id,
          "webhook-timestamp": timestamp,
          "webhook-signature": `v1,${sign(settings.secret, `${delivery.id}.${timestamp}.${body}`)}`,
        },
        body,
        signal,
      });
      const { id } = delivery;
      if (!("refused" in answer)) {
        taken++;
        yield [{ id }];
      } else if (answer.status === 400) invalid.push({ id, refused: answer.refused });
      else yield [{ id, refused: answer.refused }];
    }
    // Many receivers say 400 of a signature, too: only where they take another's is it this finding. Of one that is told
    // alone nobody knows; it stays owed until another is told with it.
    if (taken === 0 && invalid[0]) {
      const told = deliveries.length;
      const all = told === 1 ? "the only finding it was told" : `all of ${told} findings`;
      const of = invalid.length === told ? all : `${invalid.length} of ${told} findings, and took none`;
      throw new PipelineError(
        "upstream-refused",
        `${invalid[0].refused} to ${of}: check the secret, and that it takes Standard Webhooks`,
      );
    }
    if (invalid.length > 0) yield invalid;
  },

  trials: ({ settings, signal }) => [
    { what: "the secret is long enough", attempt: async () => void sign(settings.secret, "") },
    // The path of a webhook's address is often a secret itself.
    { what: `${new URL(settings.url).host} answers`, attempt: () => reach("webhook", settings.url, signal) },
    { what: "whether it takes a finding" },
  ],
});

const bodyOf = ({ finding, rule, change }: Delivery) => ({
  type: `gnomon.finding.${change}`,
  timestamp: toIsoTime(finding.lastSeenTime),
  data: { ...finding, ...(rule ? { remedy: rule.remedy, falsepositives: rule.falsepositives } : {}) },
});

function sign(key: string, content: string): string {
  const bytes = key.startsWith("whsec_") ? Buffer.from(key.slice("whsec_".length), "base64") : Buffer.from(key);
  if (bytes.length < 16) throw new PipelineError("config-invalid", "webhook: the secret is shorter than 16 bytes");
  return createHmac("sha256", bytes).update(content).digest("base64");
}
