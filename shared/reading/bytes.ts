/**
 * Bytes as a log file or object holds them: plain, gzip or zstd, told by their first bytes and not by a name.
 * Memory stays bounded whatever the file claims, and a file that cannot be read to its end says why.
 */
import type { Writable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";

/** What stops a file from being read further. What was read before it stands. */
export class UnreadableFile extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UnreadableFile";
  }
}

/** Bytes that are all there, where a stream of them is read. */
export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Logs shrink 10 to 100 times; beyond this, above the floor, somebody built the file to fill a disk. */
const MAX_EXPANSION = 300;
const EXPANSION_FLOOR_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

const formats: readonly { readonly magic: readonly number[]; readonly refuse: string }[] = [
  { magic: [0x50, 0x4b, 0x03, 0x04], refuse: "a zip archive: unpack it first" },
  { magic: [0x50, 0x41, 0x52, 0x31], refuse: "a Parquet file: export it as CSV or JSON lines" },
  { magic: [0xff, 0xfe], refuse: "UTF-16 text: save it as UTF-8" },
  { magic: [0xfe, 0xff], refuse: "UTF-16 text: save it as UTF-8" },
  { magic: [0x42, 0x5a, 0x68], refuse: "bzip2: unpack it first" },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a], refuse: "xz: unpack it first" },
];
const GZIP = [0x1f, 0x8b];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];

/**
 * The plain bytes behind `bytes`. Throws `UnreadableFile` where they end early, are damaged, expand beyond reason
 * or are of a kind that is not read here. `onRead` is told how many compressed bytes have been taken.
 */
export async function* plainBytes(
  bytes: AsyncIterable<Uint8Array>,
  onRead: (count: number) => void = () => {},
): AsyncGenerator<Uint8Array> {
  const input = bytes[Symbol.asyncIterator]();
  const head = await firstBytes(input);
  const refused = formats.find(({ magic }) => startsWith(head, magic));
  if (refused) throw new UnreadableFile(refused.refuse);

  const counted = countedBytes(head, input, onRead);
  if (!startsWith(head, GZIP) && !startsWith(head, ZSTD)) {
    yield* counted;
    return;
  }
  const name = startsWith(head, GZIP) ? "gzip" : "zstd";
  yield* expanded(counted, name);
}

/** Reads on until the magic numbers can be told. */
async function firstBytes(input: AsyncIterator<Uint8Array>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 8) {
    const { value, done } = await input.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  return head;
}

async function* countedBytes(head: Buffer, rest: AsyncIterator<Uint8Array>, onRead: (count: number) => void) {
  if (head.length > 0) {
    onRead(head.length);
    yield head as Uint8Array;
  }
  for (;;) {
    const { value, done } = await rest.next();
    if (done) return;
    onRead(value.length);
    yield value;
  }
}

async function* expanded(packed: AsyncIterable<Uint8Array>, name: "gzip" | "zstd"): AsyncGenerator<Uint8Array> {
  const stream =
    name === "gzip" ? createGunzip({ chunkSize: CHUNK_BYTES }) : createZstdDecompress({ chunkSize: CHUNK_BYTES });
  let packedBytes = 0;
  let plainCount = 0;
  let fault: unknown;

  const feeding = (async () => {
    try {
      for await (const chunk of packed) {
        packedBytes += chunk.length;
        if (stream.destroyed) return;
        if (!stream.write(chunk)) await drained(stream);
      }
      stream.end();
    } catch (error) {
      fault = error;
      stream.destroy();
    }
  })();

  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      plainCount += chunk.length;
      if (plainCount > EXPANSION_FLOOR_BYTES && plainCount > packedBytes * MAX_EXPANSION) {
        throw new UnreadableFile(
          `expands more than ${MAX_EXPANSION} times: no log does, so it is not read further`,
        );
      }
      yield chunk;
    }
  } catch (error) {
    if (error instanceof UnreadableFile) throw error;
    if (fault !== undefined) throw fault;
    const early = error instanceof Error && "code" in error && error.code === "Z_BUF_ERROR";
    throw new UnreadableFile(early ? `${name} data that ends early` : `damaged ${name} data`, { cause: error });
  } finally {
    stream.destroy();
    await feeding;
  }
  if (fault !== undefined) throw fault;
}

const drained = (stream: Writable): Promise<void> =>
  new Promise((resolve) => {
    const goOn = (): void => {
      stream.off("drain", goOn).off("close", goOn);
      resolve();
    };
    stream.on("drain", goOn).on("close", goOn);
  });

const startsWith = (bytes: Buffer, magic: readonly number[]): boolean =>
  magic.every((byte, at) => bytes[at] === byte);
