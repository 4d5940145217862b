import { createHmac } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { EpochMs } from "../shared/model/units.ts";
import { changeOwed, deliver } from "../shared/pipeline/deliver.ts";
import { sinks } from "../shared/registry.ts";
import { findingsTopic } from "../shared/sinks/findings-topic.ts";
import { ocsfFiles } from "../shared/sinks/ocsf-files.ts";
import type { Delivery, Sink } from "../shared/sinks/sink.ts";
import { slack } from "../shared/sinks/slack.ts";
import { webhook } from "../shared/sinks/webhook.ts";
import { delivery, describeSink, finding, sentBy, type World } from "./contract/sink.contract.ts";
import { type JsonServer, type Reply, serveJson } from "./servers/json-api.ts";

const SECRET = "made-up-secret-of-a-test";

/** Takes POSTs on loopback; `reply` says what a healthy other side answers. */
async function listen(reply: (request: IncomingMessage, body: string) => string) {
  const got: { readonly path: string; readonly headers: IncomingMessage["headers"]; readonly body: string }[] = [];
  let next = 200;
  let healthy = 0;
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk));
    request.on("end", () => {
      got.push({ path: request.url ?? "", headers: request.headers, body });
      const status = healthy-- > 0 ? 200 : next;
      response.writeHead(status, status === 302 ? { location: "http://127.0.0.1:9/" } : {});
      response.end(status === 200 ? reply(request, body) : "");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    got,
    answer(status: number, after = 0) {
      next = status;
      healthy = after;
    },
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const worlds: Record<string, () => Promise<World>> = {
  "ai.findings": async () => ({ settings: {}, arrived: async () => [], close: async () => {} }),

  async webhook() {
    const server = await listen(() => "");
    return {
      settings: { url: `${server.url}/hook`, secret: SECRET },
      // A receiver of Standard Webhooks drops an id that it has seen.
      arrived: async () => [
        ...new Map(server.got.map(({ headers, body }) => [headers["webhook-id"], body])).values(),
      ],
      uids: async () => server.got.map(({ headers }) => String(headers["webhook-id"])),
      answer: server.answer,
      close: server.close,
    };
  },

  async slack() {
    let messages = 0;
    const server = await listen(() => JSON.stringify({ ok: true, channel: "C1", ts: `1.${++messages}` }));
    return {
      settings: { token: SECRET, channel: "#ai", api: server.url },
      arrived: async () => server.got.map(({ path, body }, at) => `${at} ${path} ${body}`),
      // Slack drops nothing: it is told once.
      uids: async () => [],
      answer: server.answer,
      close: server.close,
    };
  },

  async "ocsf.files"() {
    const folder = await mkdtemp(join(tmpdir(), "gnomon-ocsf-"));
    return {
      settings: { to: folder },
      async arrived() {
        const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".ndjson"));
        return Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
      },
      close: () => rm(folder, { recursive: true, force: true }),
    };
  },
};

for (const sink of sinks) {
  const open = worlds[sink.id];
  if (!open) throw new Error(`bring a world for ${sink.id} in test/sinks.test.ts`);
  describeSink(sink, open);
}

describe("webhook", () => {
  it("signs id, time and body as Standard Webhooks says, and keeps the id over retries", async () => {
    const server = await listen(() => "");
    const context = {
      ...contextOf(),
      settings: { url: server.url, secret: `whsec_${Buffer.from(SECRET).toString("base64")}` },
    };
    await sentBy(webhook, [delivery("signed")], context);
    await sentBy(webhook, [delivery("signed")], context);
    const [first, second] = server.got;
    const wanted = createHmac("sha256", Buffer.from(SECRET))
      .update(`${first?.headers["webhook-id"]}.${first?.headers["webhook-timestamp"]}.${first?.body}`)
      .digest("base64");
    expect(first?.headers["webhook-signature"]).toBe(`v1,${wanted}`);
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    await server.close();
  });
});

describe("what a webhook's receiver says of a finding", () => {
  const servers: JsonServer[] = [];
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));
  const names = ["a", "b", "c"];
  /** By the finding's name; 200 to the others. */
  const told = async (statuses: Readonly<Record<string, number>>, findings = names) => {
    const server = await serveJson(({ body }) => {
      const name = names.find((one) => body.includes(`role/${one}"`)) ?? "";
      return { status: statuses[name] ?? 200, body: "CANARY" };
    });
    servers.push(server);
    const { host } = new URL(server.url);
    const context = { ...contextOf(), settings: { url: server.url, secret: SECRET } };
    const sent = await sentBy(
      webhook,
      findings.map((name) => delivery(name)),
      context,
    );
    return { host, sent: new Map(sent.map((one) => [one.id, "refused" in one ? one.refused : "taken"])) };
  };
  const idOf = (name: string) => delivery(name).id;

  it("concerns that one alone where its content is refused, and is told without a word of the answer", async () => {
    for (const status of [400, 413, 422]) {
      const { host, sent } = await told({ a: status });
      expect(Object.fromEntries(sent)).toEqual({
        [idOf("a")]: `webhook: ${host} answered ${status}`,
        [idOf("b")]: "taken",
        [idOf("c")]: "taken",
      });
    }
  });

  it("concerns that one alone where it is too large or no finding to the receiver, also without another", async () => {
    for (const status of [413, 422]) {
      const { host, sent } = await told({ a: status }, ["a"]);
      expect(Object.fromEntries(sent)).toEqual({ [idOf("a")]: `webhook: ${host} answered ${status}` });
    }
  });

  it("may concern the secret where it answers 400 and no other is told that would show it", async () => {
    await expect(told({ a: 400 }, ["a"])).rejects.toMatchObject({
      code: "upstream-refused",
      message: expect.stringContaining("400 to the only finding it was told: check the secret"),
    });
  });

  it("concerns the secret where it answers 400 to all of several", async () => {
    await expect(told({ a: 400, b: 400, c: 400 })).rejects.toMatchObject({
      code: "upstream-refused",
      message: expect.stringContaining("400 to all of 3 findings: check the secret"),
    });
  });
});

describe("what a webhook's receiver answers", () => {
  it("is read no further than it matters, or an answer without end would be told again and again", async () => {
    const server = createServer((request, response) => {
      request.resume();
      // And the rest never comes.
      response.write("x".repeat(1024 * 1024));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const sent = await sentBy(webhook, [delivery("a")], { ...contextOf(), settings: { url, secret: SECRET } });
    expect(sent).toEqual([{ id: delivery("a").id }]);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("an answer that is cut off", () => {
  it("has said that the finding was taken where its status did, and nothing where it did not", async () => {
    for (const [status, wanted] of [
      [200, [{ id: delivery("a").id }]],
      [500, undefined],
    ] as const) {
      const server = await serveJson(() => ({ status, body: "x".repeat(1_000), cutAfter: 10 }));
      const context = { ...contextOf(), settings: { url: server.url, secret: SECRET } };
      const sent = await sentBy(webhook, [delivery("a")], context).catch((error: { code: string }) => error.code);
      expect(sent).toEqual(wanted ?? "upstream-unavailable");
      await server.close();
    }
  });
});

describe("slack", () => {
  it("answers in the thread of the first message and brings that message up to date", async () => {
    const server = await listen(() => JSON.stringify({ ok: true, channel: "C1", ts: "1.1" }));
    const context = { ...contextOf(), settings: { token: SECRET, channel: "#ai", api: `${server.url}/api/` } };
    const [sent] = await sentBy(slack, [delivery("thread")], context);
    expect(sent).toMatchObject({ reference: "C1/1.1" });
    await sentBy(slack, [delivery("thread", { reference: "C1/1.1", change: "resolved" })], context);
    expect(server.got.map(({ path }) => path)).toEqual([
      "/api/chat.postMessage",
      "/api/chat.update",
      "/api/chat.postMessage",
    ]);
    expect(JSON.parse(server.got[2]?.body ?? "")).toMatchObject({ thread_ts: "1.1" });
    await server.close();
  });

  it("escapes what a log wrote, so that nobody is called", async () => {
    const server = await listen(() => JSON.stringify({ ok: true, channel: "C1", ts: "1.1" }));
    const context = { ...contextOf(), settings: { token: SECRET, channel: "#ai", api: server.url } };
    await sentBy(slack, [delivery("x", { finding: finding("x", { reason: "<!channel> & co" }) })], context);
    expect(server.got[0]?.body).not.toContain("<!channel>");
    expect(server.got[0]?.body).toContain("&lt;!channel&gt; &amp; co");
    await server.close();
  });

  it("tells a wrong token from a busy Slack, and one bad message from both", async () => {
    let error = "invalid_auth";
    const server = await listen(() => JSON.stringify({ ok: false, error }));
    const context = { ...contextOf(), settings: { token: SECRET, channel: "#ai", api: server.url } };
    await expect(sentBy(slack, [delivery("a")], context)).rejects.toMatchObject({ code: "upstream-refused" });
    error = "ratelimited";
    await expect(sentBy(slack, [delivery("a")], context)).rejects.toMatchObject({ code: "upstream-unavailable" });
    error = "invalid_blocks";
    expect(await sentBy(slack, [delivery("a")], context)).toEqual([
      { id: delivery("a").id, refused: "invalid_blocks" },
    ]);
    await server.close();
  });
});

describe("slack's answer", () => {
  it("is refused where it is another's: a proxy that answers everything with 200", async () => {
    for (const [answer, code] of [
      ['{"status":"up"}', "upstream-refused"],
      ["null", "upstream-refused"],
      ["<html>", "upstream-unavailable"],
    ] as const) {
      const server = await listen(() => answer);
      const context = { ...contextOf(), settings: { token: SECRET, channel: "#ai", api: server.url } };
      await expect(sentBy(slack, [delivery("a")], context)).rejects.toMatchObject({ code });
      await server.close();
    }
  });

  it("concerns one message where that is too large for a proxy, and none where a proxy answers 400 or 422", async () => {
    const server = await listen(() => "");
    const context = { ...contextOf(), settings: { token: SECRET, channel: "#ai", api: server.url } };
    server.answer(413);
    expect(await sentBy(slack, [delivery("a")], context)).toEqual([
      { id: delivery("a").id, refused: expect.stringMatching(/^slack: 127\.0\.0\.1:\d+ answered 413$/) },
    ]);
    for (const status of [400, 422]) {
      server.answer(status);
      await expect(sentBy(slack, [delivery("a")], context)).rejects.toMatchObject({
        code: "upstream-refused",
        message: expect.stringContaining(`answered ${status}: check \`api\``),
      });
    }
    await server.close();
  });
});

describe("what a sink is owed", () => {
  const told = { status: "new", level: "high", times: 1 } as const;

  it("is a new finding at or above its level, and neither a lower one, an experimental one nor one that is settled", () => {
    expect(changeOwed({ finding: finding("a") }, "high")).toBe("new");
    expect(changeOwed({ finding: finding("a", { level: "medium" }) }, "high")).toBeUndefined();
    expect(changeOwed({ finding: finding("a", { experimental: true }) }, "low")).toBeUndefined();
    expect(changeOwed({ finding: finding("a", { status: "resolved" }) }, "low")).toBeUndefined();
  });

  it("is a change of state, and not a count that grows or a level that falls", () => {
    expect(changeOwed({ finding: finding("a", { count: 99 }), told }, "low")).toBeUndefined();
    expect(changeOwed({ finding: finding("a", { level: "low" }), told }, "low")).toBeUndefined();
    expect(changeOwed({ finding: finding("a", { level: "critical" }), told }, "low")).toBe("escalated");
    expect(changeOwed({ finding: finding("a", { status: "resolved" }), told }, "low")).toBe("resolved");
    const after = { ...told, status: "resolved" } as const;
    expect(changeOwed({ finding: finding("a", { status: "resolved" }), told: after }, "low")).toBeUndefined();
    expect(changeOwed({ finding: finding("a", { status: "reopened" }), told: after }, "low")).toBe("reopened");
  });

  it("is sent a batch at a time, with the same ids when it is tried again", async () => {
    const ids: string[][] = [];
    const recorder: Sink = {
      ...(findingsTopic as Sink),
      batchSize: 2,
      async *send(deliveries: readonly Delivery[]) {
        ids.push(deliveries.map(({ id }) => id));
        yield deliveries.map(({ id }) => ({ id }));
      },
    };
    const owed = ["a", "b", "c"].map((name) => ({ finding: finding(name) }));
    const { settled } = await deliver(recorder, {}, owed, portsOf());
    await deliver(recorder, {}, owed, portsOf());
    await deliver(recorder, {}, owed.slice(2), portsOf());
    expect(settled.map(({ told: { times } }) => times)).toEqual([1, 1]);
    expect(ids.map((batch) => batch.length)).toEqual([2, 2, 1]);
    expect(ids[1]).toEqual(ids[0]);
  });

  it("is told all but the one its receiver chokes on", async () => {
    const choking: Sink = {
      ...(webhook as Sink),
      async *send(deliveries: readonly Delivery[]) {
        for (const { id, finding } of deliveries) {
          if (finding.reason.startsWith("b ")) throw new Error("500");
          yield [{ id }];
        }
      },
    };
    let owed = ["a", "b", "c", "d", "e"].map((name) => ({ finding: finding(name) }));
    for (let now = 1; now <= 12; now++) {
      const { settled } = await deliver(choking, {}, owed, { ...portsOf(), now: () => EpochMs.parse(now) });
      const told = new Set(settled.map(({ findingUid }) => findingUid));
      owed = owed.filter((one) => !told.has(one.finding.uid));
    }
    expect(owed.map((one) => one.finding.reason.slice(0, 1))).toEqual(["b"]);
  });

  it("stays told when no more is begun, and when a sink is given up that never answers", async () => {
    const enough = new AbortController();
    const givenUp = new AbortController();
    const begun: string[] = [];
    const slow: Sink = {
      ...(webhook as Sink),
      async *send(deliveries: readonly Delivery[]) {
        for (const { id, finding } of deliveries) {
          begun.push(finding.uid);
          if (begun.length === 2) enough.abort();
          if (begun.length === 4) {
            givenUp.abort();
            await new Promise(() => {});
          }
          yield [{ id }];
        }
      },
    };
    const owed = ["a", "b", "c", "d"].map((name) => ({ finding: finding(name) }));
    const first = await deliver(slow, {}, owed, { ...portsOf(), enough: enough.signal });
    expect(first.settled.map(({ findingUid }) => findingUid)).toEqual(begun);
    expect(first.failure).toBeUndefined();
    const second = await deliver(slow, {}, owed.slice(2), { ...portsOf(), signal: givenUp.signal });
    expect(second.settled.map(({ findingUid }) => findingUid)).toEqual([owed[2]?.finding.uid]);
    expect(second.failure).toMatchObject({ code: "upstream-unavailable" });
  });
});

/** What the trials of a sink come to, by what they are of; those that cannot be made are `undefined`. */
async function tried<Settings>(
  sink: Sink<Settings>,
  settings: Settings,
): Promise<Map<string, string | undefined>> {
  const outcomes = new Map<string, string | undefined>();
  for (const { what, attempt } of sink.trials?.({ settings, signal: new AbortController().signal }) ?? []) {
    const outcome = attempt?.().then(
      () => "fine",
      (error: Error) => error.message,
    );
    outcomes.set(what, await outcome);
  }
  return outcomes;
}

describe("what doctor tries of a sink", () => {
  const servers: JsonServer[] = [];
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));
  const serve = async (reply: Reply): Promise<JsonServer> => {
    const server = await serveJson(() => reply);
    servers.push(server);
    return server;
  };

  it("is whether Slack takes the token, and whether that may post; not whether the bot is in the channel", async () => {
    const outcome = async (reply: Reply) => {
      const server = await serve(reply);
      const outcomes = await tried(slack, { token: SECRET, channel: "#ai", api: server.url });
      expect(server.asked.map(({ path }) => path)).toEqual(["/auth.test"]);
      expect(outcomes.get("whether the bot is in #ai, and may post there")).toBeUndefined();
      return outcomes.get("the token, and its scope chat:write");
    };
    const scopes = (given: string): Reply => ({ body: { ok: true }, headers: { "x-oauth-scopes": given } });
    expect(await outcome(scopes("channels:read, chat:write"))).toBe("fine");
    expect(await outcome({ body: { ok: true } })).toBe("fine");
    expect(await outcome(scopes("channels:read"))).toContain("has not the scope chat:write; add it");
    expect(await outcome({ body: { ok: false, error: "invalid_auth" } })).toContain(
      "invalid_auth; check the token",
    );
  });

  it("is whether a webhook's host answers, whatever it says, and whether the secret is one", async () => {
    const server = await serve({ status: 405 });
    const url = `${server.url}/hooks/made-up-path`;
    const { host } = new URL(url);
    expect(await tried(webhook, { url, secret: SECRET })).toEqual(
      new Map([
        ["the secret is long enough", "fine"],
        [`${host} answers`, "fine"],
        ["whether it takes a finding", undefined],
      ]),
    );
    expect(server.asked.map(({ method, body }) => [method, body])).toEqual([["HEAD", ""]]);
    await server.close();
    const gone = await tried(webhook, { url, secret: "short" });
    expect(gone.get("the secret is long enough")).toContain("shorter than 16 bytes");
    expect(gone.get(`${host} answers`)).toBe(`webhook: ${host} did not answer; check the URL`);
  });

  it("is whether a folder can be written", async () => {
    expect(await tried(ocsfFiles, { to: "/dev/null/findings" })).toEqual(
      new Map([["/dev/null/findings can be written", expect.stringContaining("cannot be written (ENOTDIR)")]]),
    );
    const here = await mkdtemp(join(tmpdir(), "gnomon-ocsf-"));
    expect([...(await tried(ocsfFiles, { to: here })).values()]).toEqual(["fine"]);
    expect(await readdir(here)).toEqual([]);
    await rm(here, { recursive: true });
  });

  it("is whether a bucket takes an upload, which is given up before it is an object", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAMADEUP");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "made-up");
    const xml = (body: string): Reply["body"] => `<?xml version="1.0" encoding="UTF-8"?>${body}`;
    const settings = (url: string) => ({ to: "s3://findings/gnomon", region: "eu-central-1", endpoint: url });
    const begun = "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>";
    const server = await serve({ body: xml(begun), headers: { "content-type": "application/xml" } });
    expect(await tried(ocsfFiles, settings(server.url))).toEqual(
      new Map([["s3:PutObject in s3://findings/gnomon", "fine"]]),
    );
    expect(server.asked.map(({ method, path, query }) => [method, path, query.get("uploadId")])).toEqual([
      ["POST", "/findings/gnomon/gnomon-doctor", null],
      ["DELETE", "/findings/gnomon/gnomon-doctor", "u1"],
    ]);
    for (const [status, code, told] of [
      [403, "AccessDenied", "it needs s3:PutObject"],
      [403, "InvalidAccessKeyId", "(InvalidAccessKeyId)"],
      [404, "NoSuchBucket", "there is none of that name"],
    ] as const) {
      const refusing = await serve({ status, body: xml(`<Error><Code>${code}</Code></Error>`) });
      const [outcome] = (await tried(ocsfFiles, settings(refusing.url))).values();
      expect(outcome).toContain(told);
    }
    vi.unstubAllEnvs();
  });
});

describe("OCSF files", () => {
  it("say which folder cannot be written", async () => {
    const here = await mkdtemp(join(tmpdir(), "gnomon-ocsf-"));
    afterAll(() => rm(here, { recursive: true, force: true }));
    const context = { ...contextOf(), settings: { to: "/dev/null/findings" } };
    await expect(sentBy(ocsfFiles, [delivery("a")], context)).rejects.toMatchObject({
      code: "upstream-refused",
      message: expect.stringContaining("/dev/null/findings"),
    });
  });
});

function contextOf() {
  return {
    version: "0.0.0",
    now: EpochMs.parse(1_790_000_400_000),
    signal: new AbortController().signal,
    publish: async () => {},
  };
}

function portsOf() {
  return {
    version: "0.0.0",
    rules: new Map(),
    minimumLevel: "low" as const,
    now: () => EpochMs.parse(0),
    enough: new AbortController().signal,
    signal: new AbortController().signal,
    publish: async () => {},
  };
}
