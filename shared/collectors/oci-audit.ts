/**
 * Oracle Cloud's audit events, by `ListEvents` of the Audit service. For a few compartments: larger tenancies send
 * them through Connector Hub to OCI Streaming.
 *
 * Interface: OCI Audit API 20190901 and oci-audit 2.139 (read 2026-11). Limits: one compartment a call, without those
 * in it; by the minute; by when an event was processed, minutes to an hour after it happened; a page may be empty and
 * not the last one; a few requests a second for each tenancy. Kept for 365 days.
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { AuditClient } from "oci-audit";
import type { AuthenticationDetailsProvider, HttpClient, RequestSigner } from "oci-common";
import { z } from "zod";
import { apiUrl, duration, secret } from "../config/settings.ts";
import { retryAfterMs } from "../http/json.ts";
import { type ErrorCode, PipelineError } from "../model/errors.ts";
import { MINUTE_MS, SECOND_MS } from "../model/units.ts";
import { type Answer, pullByTime, type Window } from "./by-time.ts";
import { defineCollector } from "./collector.ts";
import { interleaved } from "./interleaved.ts";
import { pace } from "./pace.ts";
import { tried } from "./parts.ts";
import { renewing } from "./renewing.ts";

const ID = "oci.audit";
const PARTS_AT_ONCE = 4;
const MAX_ATTEMPTS = 5;
const FIRST_PAUSE_MS = SECOND_MS / 2;
const LONGEST_PAUSE_MS = MINUTE_MS;
const REQUEST_TIMEOUT_MS = MINUTE_MS;

const Region = z.string().regex(/^[a-z]{2,}(-[a-z]+)+-\d{1,2}$/, "a region such as eu-frankfurt-1");
const ocid = (...kinds: readonly string[]) =>
  z
    .string()
    .regex(
      new RegExp(`^ocid1\\.(${kinds.join("|")})\\.[a-z0-9-]*\\.[a-z0-9-]*\\.[\\w.-]+$`),
      `ocid1.${kinds[0]}.…`,
    );

const Settings = z.strictObject({
  regions: z.array(Region).min(1),
  /** Each asked for by itself. The tenancy stands for its root compartment. */
  compartments: z.array(ocid("compartment", "tenancy")).min(1),
  /** How far the first run goes back. */
  history: duration.prefault("1d"),
  /** How long after it happened an event may be processed. */
  lookBack: duration.prefault("60m"),
  /** In each region. Less where others of the tenancy ask, too. */
  requestsPerSecond: z.coerce.number().positive().default(2),
  credential: z
    .discriminatedUnion("type", [
      /** Absent: `~/.oci/config`, and its profile DEFAULT. */
      z.strictObject({
        type: z.literal("config-file"),
        file: z.string().min(1).optional(),
        profile: z.string().min(1).optional(),
      }),
      /** Of the machine this runs on, by a dynamic group. */
      z.strictObject({ type: z.literal("instance-principal") }),
      /** Of the function or container this runs in, by a dynamic group. */
      z.strictObject({ type: z.literal("resource-principal") }),
      z.strictObject({
        type: z.literal("api-key"),
        tenancy: ocid("tenancy"),
        user: ocid("user"),
        fingerprint: z.string().regex(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/, "sixteen pairs of hexadecimal digits"),
        /** PEM. */
        privateKey: secret,
        passphrase: secret.optional(),
      }),
    ])
    .prefault({ type: "config-file" }),
  /** By region, of a cloud that the SDK does not know: `https://audit.eu-example-1.oraclecloud99.com`. */
  endpoints: z.record(Region, apiUrl).default({}),
});
type Settings = z.output<typeof Settings>;

interface Part {
  /** `eu-frankfurt-1/ocid1.compartment…` */
  readonly name: string;
  events(window: Window, page: string | undefined): Promise<Answer>;
}

export const ociAudit = defineCollector<Settings>({
  id: ID,
  title: "Oracle Cloud Audit",
  settings: Settings,

  pull: async function* (context) {
    const { settings, signal } = context;
    const { parts, clockOffset } = await connect(settings, signal);
    yield* interleaved(
      parts.map((part) =>
        pullByTime(
          {
            part: part.name,
            questions: [{ name: "events", ask: part.events }],
            historyMs: settings.history,
            lookBackMs: settings.lookBack,
            // All parts of a region count together, where requests are made.
            requestsPerSecond: Number.POSITIVE_INFINITY,
            clockOffset,
          },
          context,
        ),
      ),
      PARTS_AT_ONCE,
      signal,
    );
  },

  check: async ({ settings, now, signal }) => {
    const { parts } = await connect(settings, signal);
    return Promise.all(
      parts.map(({ name, events }) =>
        tried(`read audit-events in ${name}`, () => events({ from: now, to: now }, undefined)),
      ),
    );
  },
});

async function connect(
  settings: Settings,
  signal: AbortSignal,
): Promise<{ readonly parts: readonly Part[]; clockOffset(): number }> {
  const { AuditClient } = await import("oci-audit");
  const { CircuitBreaker, DefaultRequestSigner, FetchHttpClient } = await import("oci-common");
  const newProvider = await credentialsOf(settings);
  const newSigner = async (): Promise<RequestSigner> => {
    try {
      return new DefaultRequestSigner(await newProvider());
    } catch (cause) {
      const advice = "check the file and its profile, or the machine's dynamic group; or set `credential`";
      throw new PipelineError("upstream-refused", `${ID}: no usable credentials: ${advice}`, { cause });
    }
  };
  let shared: Promise<RequestSigner> | undefined;
  /** Regions share one, and so whatever has to be fetched for it. */
  const signerFor = (renewed: boolean): Promise<RequestSigner> => {
    if (renewed) return newSigner();
    shared ??= newSigner();
    return shared;
  };
  let clockOffset = 0;

  async function newClient(region: string, turn: () => Promise<void>, renewed: boolean): Promise<AuditClient> {
    const signer = await signerFor(renewed);
    const httpClient: HttpClient = {
      send: (request, ...rest) =>
        patiently(signal, async (ending) => {
          await turn();
          // As the time of the first attempt it might be too old for the last one.
          request.headers.set("x-date", new Date().toUTCString());
          const response = await new FetchHttpClient(signer, undefined, { signal: ending }).send(request, ...rest);
          const vendorNow = Date.parse(response.headers.get("date") ?? "");
          if (!Number.isNaN(vendorNow)) clockOffset = vendorNow - Date.now();
          return response;
        }),
    };
    const circuitBreaker = new CircuitBreaker({ disableClientCircuitBreaker: true });
    const client = new AuditClient({ httpClient }, { circuitBreaker });
    const endpoint = settings.endpoints[region];
    if (endpoint === undefined) client.regionId = region;
    else client.endpoint = new URL(endpoint).origin;
    return client;
  }

  const parts = settings.regions.flatMap((region) => {
    const turn = pace(settings.requestsPerSecond, signal);
    const ask = renewing((renewed) => newClient(region, turn, renewed), isUnauthorized);
    return settings.compartments.map((compartment): Part => {
      const name = `${region}/${compartment}`;
      return {
        name,
        events: async ({ from, to }, page) => {
          const request = {
            compartmentId: compartment,
            startTime: minuteOf(from),
            endTime: minuteOf(to + MINUTE_MS),
            // The SDK puts it into the address as it is.
            ...(page === undefined ? {} : { page: encodeURIComponent(page) }),
          };
          try {
            const { items, opcNextPage } = await ask(async (client) => (await client).listEvents(request));
            return { documents: items, nextToken: opcNextPage || undefined };
          } catch (error) {
            throw ociError(name, compartment, error);
          }
        },
      };
    });
  });
  return { parts, clockOffset: () => clockOffset };
}

/**
 * The SDK writes the local time of a Date, with one digit before ten o'clock, and calls it UTC
 * (oracle/oci-typescript-sdk#320). Text it leaves alone.
 */
const minuteOf = (time: number): Date =>
  new Date(time - (time % MINUTE_MS)).toISOString().replace(".000Z", "Z") as unknown as Date;

/**
 * An answer read to its end. Asks again where that may help, and when Oracle says: the SDK, left to itself, asks once,
 * and takes no heed of Retry-After where it is told to ask more often.
 */
async function patiently(
  signal: AbortSignal,
  send: (ending: AbortSignal) => Promise<Response>,
): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    let pause = FIRST_PAUSE_MS * 2 ** (attempt - 1);
    try {
      const response = await send(AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]));
      const { status, statusText, headers } = response;
      const whole = new Response(await response.text(), { status, statusText, headers });
      if ((status < 500 && status !== 429) || attempt === MAX_ATTEMPTS) return whole;
      const vendorNow = Date.parse(headers.get("date") ?? "") || Date.now();
      pause = retryAfterMs(headers.get("retry-after"), vendorNow) ?? pause;
    } catch (error) {
      if (signal.aborted || attempt === MAX_ATTEMPTS) throw error;
    }
    await sleep(Math.min(pause, LONGEST_PAUSE_MS), undefined, { signal });
  }
}

/** A function that gives credentials with no token yet. */
async function credentialsOf({ credential }: Settings): Promise<() => Promise<AuthenticationDetailsProvider>> {
  const oci = await import("oci-common");
  switch (credential.type) {
    case "config-file":
      return async () => new oci.ConfigFileAuthenticationDetailsProvider(credential.file, credential.profile);
    case "instance-principal":
      return () => new oci.InstancePrincipalsAuthenticationDetailsProviderBuilder().build();
    case "resource-principal":
      return async () => oci.ResourcePrincipalAuthenticationDetailsProvider.builder();
    case "api-key": {
      const { tenancy, user, fingerprint, privateKey, passphrase = null } = credential;
      return async () =>
        new oci.SimpleAuthenticationDetailsProvider(tenancy, user, fingerprint, privateKey, passphrase);
    }
  }
}

function ociError(name: string, compartment: string, error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  const { code, why } = meaningOf(error, compartment);
  return new PipelineError(code, `${ID}: ListEvents in ${name}: ${why}`, { cause: error });
}

function meaningOf(error: unknown, compartment: string): { readonly code: ErrorCode; readonly why: string } {
  if (error instanceof TypeError) return refused("an answer that is not as documented");
  const status = statusOf(error);
  if (status === undefined) return { code: "upstream-unavailable", why: "no whole answer; it is tried again" };
  const word = fieldOf(error, "serviceCode");
  const said = `${status}${typeof word === "string" && /^[A-Za-z]{3,40}$/.test(word) ? ` (${word})` : ""}`;
  if (status === 429 || status >= 500) return { code: "upstream-unavailable", why: `${said}; it is tried again` };
  if (status === 401)
    return refused(`${said}: the key is not taken; is it the user's, with this fingerprint, and the clock right?`);
  // 404 is also Oracle's word for "not authorized".
  if (status === 403 || status === 404) {
    const place = compartment.startsWith("ocid1.tenancy.") ? "tenancy" : `compartment id ${compartment}`;
    return refused(
      `${said}: allow it by a policy: Allow group <name> to read audit-events in ${place} (dynamic-group for a machine)`,
    );
  }
  return refused(said);
}

const refused = (why: string) => ({ code: "upstream-refused", why }) as const;

const statusOf = (error: unknown): number | undefined => {
  const status = fieldOf(error, "statusCode");
  return typeof status === "number" ? status : undefined;
};

const isUnauthorized = (error: unknown): boolean => statusOf(error) === 401;

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
