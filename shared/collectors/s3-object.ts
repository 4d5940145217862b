/**
 * One object of a bucket as pages: streamed, a megabyte at a time, and taken up again where an earlier run was ended.
 * An object that is gone or damaged is a reject; one that may not be read is an error.
 */
import type { Readable } from "node:stream";
import type { GetObjectCommandOutput, S3Client } from "@aws-sdk/client-s3";
import { PipelineError } from "../model/errors.ts";
import { readDocuments } from "../reading/documents.ts";
import { type Asking, awsError, clientSettings, nameOfError, type Where } from "./aws.ts";
import type { FetchedPage, Page } from "./collector.ts";
import { isWorthReading, type NotifiedObject, notifiedObjects } from "./s3-notification.ts";

export interface Buckets {
  /** Throws a PipelineError where the object cannot be fetched now, or may not be. */
  read(object: NotifiedObject, cursor?: string): AsyncGenerator<FetchedPage>;
  /** Asks for an object and takes nothing of it. Throws as `read` does. */
  touch(object: NotifiedObject): Promise<void>;
  close(): void;
}

/** Which of the announced objects are read. Empty: all. */
export interface Only {
  readonly accounts: readonly string[];
  readonly regions: readonly string[];
}

/**
 * The objects that a message announces, one after the other, up to one that cannot be fetched now or may not be.
 * Never throws for what is in message or objects, nor for what S3 answers.
 */
export async function* readAnnounced(
  message: unknown,
  buckets: Buckets,
  {
    place,
    only,
    cursors,
  }: { readonly place: string; readonly only: Only; readonly cursors: ReadonlyMap<string, string> },
): AsyncGenerator<Page> {
  const objects = notifiedObjects(message);
  if (objects === undefined) {
    const reason = "no message about an object in S3";
    yield { part: "", documents: [], unreadable: [{ reason, place }], place };
    return;
  }
  for (const object of objects.filter(({ key }) => isWorthReading(key, only))) {
    const part = partOf(object);
    try {
      yield* buckets.read(object, cursors.get(part));
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      yield { part, failed: error };
      return;
    }
  }
}

/** `collector`: who asks, for messages of errors. */
export async function openBuckets(collector: string, where: Where): Promise<Buckets> {
  const { GetObjectCommand, S3Client } = await import("@aws-sdk/client-s3");
  const client: S3Client = new S3Client({
    ...(await clientSettings(where)),
    // The queue's region need not be the bucket's.
    followRegionRedirects: true,
    forcePathStyle: where.endpoint !== undefined,
  });
  const get = ({ bucket, key, versionId }: NotifiedObject) =>
    client.send(new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }));
  const askingFor = (object: NotifiedObject): Asking => ({
    collector,
    action: "s3:GetObject",
    where: placeOf(object),
  });

  return {
    async *read(object, cursor) {
      const part = partOf(object);
      const place = placeOf(object);
      let answer: GetObjectCommandOutput;
      try {
        answer = await get(object);
      } catch (error) {
        const reason = lastingly(error);
        if (reason === undefined) throw awsError(askingFor(object), error);
        yield { part, documents: [], unreadable: [{ reason, place }], place, ...(cursor ? { cursor: "" } : {}) };
        return;
      }
      const body = answer.Body as Readable;
      try {
        yield* pagesOf(guarded(body, askingFor(object)), { part, place, cursor, version: answer.ETag ?? "" });
      } finally {
        body.destroy();
      }
    },

    async touch(object) {
      try {
        const { Body } = await get(object);
        (Body as Readable).destroy();
      } catch (error) {
        if (lastingly(error) === undefined) throw awsError(askingFor(object), error);
      }
    },

    close: () => client.destroy(),
  };
}

const partOf = ({ bucket, key }: NotifiedObject): string => `${bucket}/${key}`;
const placeOf = ({ bucket, key }: NotifiedObject): string => `s3://${bucket}/${key}`;

interface Within {
  readonly part: string;
  readonly place: string;
  readonly cursor: string | undefined;
  /** Of the bytes, by S3's word: an export writes over itself by the same key. */
  readonly version: string;
}

/**
 * A page that another one follows carries a cursor: how many documents of this version came before. The last one forgets
 * it. A small object is one page, and leaves no trace.
 */
async function* pagesOf(
  bytes: AsyncIterable<Uint8Array>,
  { part, place, cursor, version }: Within,
): AsyncGenerator<FetchedPage> {
  const [, count = "0", of] = /^(\d{1,15})\/(.*)$/.exec(cursor ?? "") ?? [];
  const resumed = of === version ? Number(count) : 0;
  let before = resumed;
  let held: FetchedPage | undefined;
  let remembered = cursor !== undefined && cursor !== "";
  for await (const { documents, unreadable, upTo } of readDocuments(bytes, resumed)) {
    if (held !== undefined) {
      remembered = true;
      yield { ...held, cursor: `${before}/${version}` };
    }
    held = {
      part,
      documents,
      unreadable: unreadable.map(({ reason, number }) => ({
        reason,
        place: number === undefined ? place : `${place} document ${number}`,
      })),
      place: before === 0 ? place : `${place} after document ${before}`,
    };
    before = upTo;
  }
  const last = held ?? { part, documents: [], place };
  yield remembered ? { ...last, cursor: "" } : last;
}

/** A connection that is cut is an error of AWS', and not of what reads its bytes. */
async function* guarded(body: AsyncIterable<Uint8Array>, asking: Asking): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw awsError(asking, error);
  }
}

/** What no later attempt will cure: the object is not there to be read. */
function lastingly(error: unknown): string | undefined {
  const name = nameOfError(error);
  if (/^(NoSuchKey|NoSuchVersion|NoSuchBucket|NotFound)$/.test(name)) return `gone before it was read (${name})`;
  return name === "InvalidObjectState" ? "archived before it was read: restore it and replay" : undefined;
}
