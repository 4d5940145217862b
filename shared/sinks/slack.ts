/**
 * Slack: one message for each new finding; what happens to it later is told in the message's thread, and the message
 * itself is brought up to date. With a bot token (scope `chat:write`); an incoming webhook cannot do the latter.
 *
 * Limits: docs.slack.dev, "Blocks" and "chat.postMessage" (read 2026-11): header 150 characters, section text 3,000,
 * fields 2,000. Posting: about one message a second and channel.
 */
import { z } from "zod";
import { secret } from "../config/settings.ts";
import { offer } from "../http/post.ts";
import { PipelineError } from "../model/errors.ts";
import { toIsoTime } from "../model/units.ts";
import { type Delivery, defineSink } from "./sink.ts";

const Settings = z.strictObject({
  /** A bot token, `xoxb-…`. */
  token: secret,
  /** Its id, `C0123456789`, or its name. */
  channel: z.string().min(1),
  /** For GovSlack, and for tests. */
  api: z.url({ protocol: /^https?$/ }).default("https://slack.com/api/"),
});

const Answer = z.object({
  ok: z.boolean(),
  error: z.string().optional(),
  channel: z.string().optional(),
  ts: z.string().optional(),
});

/** Slack answers 200 and says in words that it did not. */
const TRANSIENT = new Set([
  "ratelimited",
  "rate_limited",
  "internal_error",
  "service_unavailable",
  "request_timeout",
  "fatal_error",
]);
/** These concern one message alone; every other refusal concerns the whole sink. */
const ABOUT_ONE = new Set([
  "msg_too_long",
  "msg_blocks_too_long",
  "invalid_blocks",
  "message_not_found",
  "cant_update_message",
  "thread_not_found",
]);

export const slack = defineSink({
  id: "slack",
  title: "Slack",
  settings: Settings,
  batchSize: 10,

  async *send(deliveries, { settings, signal }) {
    for (const delivery of deliveries) {
      const call = (method: string, body: object) => callSlack(settings, method, body, signal);
      const [channel, ts] = delivery.reference?.split("/") ?? [];
      if (!channel || !ts) {
        const answer = await call("chat.postMessage", { channel: settings.channel, ...messageOf(delivery) });
        const sent = "refused" in answer ? answer : { reference: `${answer.channel}/${answer.ts}` };
        yield [{ id: delivery.id, ...sent }];
        continue;
      }
      const updated = await call("chat.update", { channel, ts, ...messageOf(delivery) });
      const told = await call("chat.postMessage", { channel, thread_ts: ts, text: threadText(delivery) });
      const refused = "refused" in told ? told : "refused" in updated ? updated : undefined;
      yield [{ id: delivery.id, ...(refused ?? { reference: `${channel}/${ts}` }) }];
    }
  },

  trials: ({ settings, signal }) => [
    { what: `the token, and its scope ${SCOPE}`, attempt: () => tryToken(settings, signal) },
    { what: `whether the bot is in ${settings.channel}, and may post there` },
  ],
});

const SCOPE = "chat:write";

/** Slack says in a header what a token may; a proxy may take it away. */
async function tryToken(settings: z.output<typeof Settings>, signal: AbortSignal): Promise<void> {
  const answer = await callSlack(settings, "auth.test", {}, signal);
  const scopes = "scopes" in answer ? answer.scopes?.split(",").map((scope) => scope.trim()) : undefined;
  if (scopes && !scopes.includes(SCOPE)) {
    throw new PipelineError(
      "upstream-refused",
      `slack: the token has not the scope ${SCOPE}; add it, and reinstall the app`,
    );
  }
}

async function callSlack(
  { api, token }: z.output<typeof Settings>,
  method: string,
  body: object,
  signal: AbortSignal,
): Promise<
  | { readonly channel: string; readonly ts: string; readonly scopes: string | undefined }
  | { readonly refused: string }
> {
  const posted = await offer("slack", new URL(method, api.endsWith("/") ? api : `${api}/`).href, {
    headers: { "content-type": "application/json; charset=utf-8", authorization: `Bearer ${token}` },
    body: JSON.stringify({ ...body, unfurl_links: false, unfurl_media: false }),
    signal,
  });
  // Slack says so with 200; a proxy before it does not.
  if ("refused" in posted) {
    if (posted.status === 413) return { refused: posted.refused };
    throw new PipelineError("upstream-refused", `${posted.refused}: check \`api\`, and what stands between`);
  }
  const { text, headers } = posted;
  const answer = Answer.safeParse(parsed(text));
  if (!answer.success) {
    throw new PipelineError(
      "upstream-refused",
      `slack: ${method} expected {"ok": …}, got JSON that is not Slack's; check \`api\`, and what stands between`,
    );
  }
  const { ok, error = "no reason", channel, ts } = answer.data;
  if (ok) return { channel: channel ?? "", ts: ts ?? "", scopes: headers.get("x-oauth-scopes") ?? undefined };
  if (ABOUT_ONE.has(error)) return { refused: error };
  const advice: Record<string, string> = {
    not_in_channel: "; invite the bot to the channel",
    channel_not_found: "; check the channel, and invite the bot to it",
    invalid_auth: "; check the token",
    token_revoked: "; the token was revoked, get another",
    token_expired: "; the token has expired, get another",
    account_inactive: "; the bot was removed, install the app again",
    missing_scope: `; the token needs the scope ${SCOPE}`,
  };
  throw new PipelineError(
    TRANSIENT.has(error) ? "upstream-unavailable" : "upstream-refused",
    `slack: ${method} was refused: ${error}${advice[error] ?? ""}`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { ok: false, error: "service_unavailable" };
  }
}

const shapes = { informational: "○", low: "●", medium: "◆", high: "▲", critical: "■" } as const;

/** `text` is what notifications and screen readers get. */
function messageOf({ finding, rule }: Delivery) {
  const about = Object.entries(finding.subject).map(([part, value]) => `*${part}*\n${mrkdwn(String(value), 500)}`);
  const title = `${shapes[finding.level]} ${finding.level}: ${finding.title}`;
  return {
    text: mrkdwn(`${title}. ${finding.reason}`, 3_000),
    blocks: [
      { type: "header", text: { type: "plain_text", text: cut(title, 150) } },
      { type: "section", text: { type: "mrkdwn", text: mrkdwn(finding.reason, 2_900) } },
      { type: "section", fields: about.slice(0, 10).map((text) => ({ type: "mrkdwn", text: cut(text, 2_000) })) },
      ...(rule
        ? [{ type: "section", text: { type: "mrkdwn", text: `*What to do*\n${mrkdwn(rule.remedy, 2_900)}` } }]
        : []),
      {
        type: "context",
        elements: [
          {
            type: "mrkdwn",
            text: mrkdwn(
              [
                `status ${finding.status}`,
                finding.owner ? `owner ${finding.owner}` : "no owner named",
                `${finding.count.toLocaleString("en-US")} requests`,
                `${toIsoTime(finding.firstSeenTime).slice(0, 16)} to ${toIsoTime(finding.lastSeenTime).slice(0, 16)} UTC`,
                finding.uid.slice(0, 8),
              ].join(" · "),
              2_900,
            ),
          },
        ],
      },
    ],
  };
}

const threadText = ({ change, finding }: Delivery): string =>
  mrkdwn(
    `${change}: ${finding.reason} (${finding.level}, ${finding.count.toLocaleString("en-US")} requests so far)`,
    3_000,
  );

/** Slack: only these three are markup. A model's or a person's name must not call a channel. */
const mrkdwn = (text: string, most: number): string =>
  cut(text, most).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);
