/** Blobs of a storage account: listed, and read in pieces, also where the connection breaks or the token ends. */
import { PipelineError } from "../model/errors.ts";
import { type EpochMs, toEpochMs } from "../model/units.ts";
import { type AzureIdentity, askAzure, azureCredentials, azureError, isUnauthorized, statusOf } from "./azure.ts";
import { Trail } from "./parts.ts";
import { renewing } from "./renewing.ts";

/** Of one blob's bytes, where the connection breaks. */
const MAX_DOWNLOADS = 4;

export interface Blob {
  readonly name: string;
  readonly bytes: number;
  /** When it was last written, to the second. */
  readonly modified: EpochMs;
}

/** All of them throw a PipelineError. */
export interface StorageAccount {
  /** What stands under `prefix` one level down. */
  folders(container: string, prefix: string): Promise<readonly string[]>;
  blobs(container: string, prefix: string): Promise<readonly Blob[]>;
  bytes(container: string, blob: string, from: number, to: number): AsyncIterable<Uint8Array>;
  /** By the vendor's clock, as the last list told. Undefined: it has not. */
  now(): EpochMs | undefined;
}

export async function openStorage(
  {
    collector,
    noContainer,
  }: { readonly collector: string /** What to do about it. */; readonly noContainer: string },
  settings: AzureIdentity & { readonly account: string },
  signal: AbortSignal,
): Promise<StorageAccount> {
  const { BlobServiceClient } = await import("@azure/storage-blob");
  const newCredential = await azureCredentials(settings);
  const ask = renewing(() => new BlobServiceClient(settings.account, newCredential()), isUnauthorized);
  const advice = { ...usualAdvice, 404: `there is no such container: ${noContainer}` };
  const asking = (container: string) => ({ collector, where: `container ${container}`, advice });
  let told: EpochMs | undefined;
  const note = (date: Date | undefined): void => {
    told = toEpochMs(date?.getTime() ?? Number.NaN) ?? told;
  };

  return {
    folders: (container, prefix) =>
      askAzure(asking(container), () =>
        ask(async (client) => {
          const folders: string[] = [];
          const options = { prefix, abortSignal: signal };
          const pages = client.getContainerClient(container).listBlobsByHierarchy("/", options).byPage();
          for await (const { segment, date } of onceEach(pages, `${collector}: container ${container}`)) {
            note(date);
            folders.push(...(segment.blobPrefixes ?? []).map(({ name }) => name));
          }
          return folders;
        }),
      ),

    blobs: (container, prefix) =>
      askAzure(asking(container), () =>
        ask(async (client) => {
          const blobs: Blob[] = [];
          const options = { prefix, abortSignal: signal };
          const pages = client.getContainerClient(container).listBlobsFlat(options).byPage();
          for await (const { segment, date } of onceEach(pages, `${collector}: container ${container}`)) {
            note(date);
            for (const { name, properties } of segment.blobItems) {
              const modified = toEpochMs(Number(properties.lastModified ?? 0)) ?? (0 as EpochMs);
              blobs.push({ name, bytes: properties.contentLength ?? 0, modified });
            }
          }
          return blobs;
        }),
      ),

    bytes: async function* (container, blob, from, to) {
      const download = (at: number) =>
        ask(async (client) => {
          const options = { abortSignal: signal, maxRetryRequests: 0 };
          const there = client.getContainerClient(container).getBlobClient(blob);
          return (await there.download(at, to - at, options)).readableStreamBody;
        });
      let at = from;
      for (let attempt = 1; at < to; attempt++) {
        try {
          for await (const chunk of (await download(at)) ?? []) {
            at += chunk.length;
            yield Buffer.from(chunk);
          }
          // Whole by its own account, and yet not all that the list says there is.
          if (at < to && attempt === MAX_DOWNLOADS) throw new Error("a body that is too short");
        } catch (error) {
          // The SDK's own resumption ends with the connection, and with a blob that grows meanwhile.
          const failure = azureError(
            { ...asking(container), advice: { ...advice, 404: "the blob is gone" } },
            error,
          );
          if (failure.code !== "upstream-unavailable" || attempt === MAX_DOWNLOADS) throw failure;
        }
      }
    },

    now: () => told,
  };
}

/** Pages until the end, or until one says for the second time where the next one is. */
async function* onceEach<Segment extends { readonly continuationToken?: string }>(
  pages: AsyncIterable<Segment>,
  where: string,
): AsyncGenerator<Segment> {
  const trail = new Trail(where);
  for await (const page of pages) {
    yield page;
    if (page.continuationToken) trail.follow(page.continuationToken);
  }
}

const usualAdvice: Readonly<Record<number, string>> = {
  401: "the token is not taken: is `account` in the credential's cloud and tenant?",
  403: "give the identity the role Storage Blob Data Reader on the storage account, and let it through the account's firewall",
};

export const isMissing = (error: unknown): boolean =>
  error instanceof PipelineError && statusOf(error.cause) === 404;
