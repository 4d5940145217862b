/**
 * OCSF 1.8.0 as NDJSON, a file a batch, in a folder or an S3 bucket. A file's name is made of what is in it: sent twice,
 * it is the same file.
 */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { S3Client } from "@aws-sdk/client-s3";
import { z } from "zod";
import { PipelineError } from "../model/errors.ts";
import { findingToOcsf } from "../model/ocsf.ts";
import { uidOf } from "../model/uid.ts";
import { defineSink } from "./sink.ts";

const S3 = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/;

const Settings = z.strictObject({
  /** A folder, or `s3://bucket/prefix`. */
  to: z.string().min(1),
  region: z.string().optional(),
  /** For S3 by another name: a VPC endpoint, a compatible store. */
  endpoint: z.url().optional(),
});

export const ocsfFiles = defineSink({
  id: "ocsf.files",
  title: "OCSF files in a folder or S3",
  settings: Settings,
  batchSize: 500,

  async *send(deliveries, { settings, version, signal }) {
    const lines = deliveries.map(
      ({ id, finding, rule }) => `${JSON.stringify(findingToOcsf({ finding, revision: id }, rule, version))}\n`,
    );
    const day = new Date(Math.max(...deliveries.map(({ finding }) => finding.lastSeenTime)))
      .toISOString()
      .slice(0, 10);
    const name = `${day.replaceAll("-", "/")}/${uidOf(...deliveries.map(({ id }) => id).sort())}.ndjson`;
    const bucket = S3.exec(settings.to);
    if (bucket?.[1]) await toBucket(bucket[1], join(bucket[2] ?? "", name), lines.join(""), settings, signal);
    else await toFolder(join(settings.to, name), lines.join(""));
    yield deliveries.map(({ id }) => ({ id }));
  },

  trials({ settings, signal }) {
    const bucket = S3.exec(settings.to);
    const [, name, prefix = ""] = bucket ?? [];
    if (!name) return [{ what: `${settings.to} can be written`, attempt: () => tryFolder(settings.to) }];
    const key = join(prefix, "gnomon-doctor");
    return [{ what: `s3:PutObject in ${settings.to}`, attempt: () => tryBucket(name, key, settings, signal) }];
  },
});

async function tryFolder(folder: string): Promise<void> {
  const path = join(folder, "gnomon-doctor");
  await toFolder(path, "");
  await rm(path);
}

/** An upload that is begun needs the permission and is no object; it is given up at once. */
async function tryBucket(
  bucket: string,
  key: string,
  settings: z.output<typeof Settings>,
  signal: AbortSignal,
): Promise<void> {
  const { AbortMultipartUploadCommand, CreateMultipartUploadCommand } = await import("@aws-sdk/client-s3");
  const place = { Bucket: bucket, Key: key };
  await withS3(bucket, settings, async (client) => {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(place), { abortSignal: signal });
    // Who may begin one need not be allowed to give it up; without a part it is nothing, and costs nothing.
    await client.send(new AbortMultipartUploadCommand({ ...place, UploadId })).catch(() => {});
  });
}

/** Whole or not at all: a reader never sees half a file. */
async function toFolder(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.part`, text);
    await rename(`${path}.part`, path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const refused = code === "EACCES" || code === "EROFS" || code === "ENOTDIR";
    throw new PipelineError(
      refused ? "upstream-refused" : "upstream-unavailable",
      `ocsf.files: ${dirname(path)} cannot be written (${code || "unknown error"})`,
      { cause: error },
    );
  }
}

async function toBucket(
  bucket: string,
  key: string,
  text: string,
  settings: z.output<typeof Settings>,
  signal: AbortSignal,
): Promise<void> {
  const { PutObjectCommand } = await import("@aws-sdk/client-s3");
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: text,
    ContentType: "application/x-ndjson",
  });
  await withS3(bucket, settings, async (client) => {
    await client.send(command, { abortSignal: signal });
  });
}

const S3_ADVICE: Readonly<Record<string, string>> = {
  AccessDenied: ": it needs s3:PutObject on the prefix, and kms:GenerateDataKey where the bucket has a key",
  NoSuchBucket: ": there is none of that name",
  PermanentRedirect: ": it is in another region, set `region`",
};

async function withS3(
  bucket: string,
  { region, endpoint }: z.output<typeof Settings>,
  work: (client: S3Client) => Promise<void>,
): Promise<void> {
  const { S3Client } = await import("@aws-sdk/client-s3");
  const client = new S3Client({
    ...(region ? { region } : {}),
    ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
  });
  try {
    await work(client);
  } catch (error) {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    const name = error instanceof Error ? error.name : "unknown error";
    const refused = status !== undefined && status >= 400 && status < 500 && status !== 429 && status !== 408;
    throw new PipelineError(
      refused ? "upstream-refused" : "upstream-unavailable",
      `ocsf.files: bucket ${bucket} did not take a file (${name})${S3_ADVICE[name] ?? ""}`,
      { cause: error },
    );
  } finally {
    client.destroy();
  }
}
