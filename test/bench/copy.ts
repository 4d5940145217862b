/** `COPY` of the rows a ledger holds: as fast as Postgres takes them. */
import pg from "pg";
import type { LedgerEntry } from "../../shared/model/ledger.ts";
import type { Store } from "../../shared/store/store.ts";

const LINES_A_CHUNK = 1_000;

export const LIKE_LEDGER = "drop table if exists copied; create table copied (like activity including all)";

export const COPY_LEDGER = "copy copied (uid, start_time, end_time, entry)";

/** COPY's text format: tab between columns, backslash escaped. */
const lineOf = (entry: LedgerEntry): string =>
  `${entry.activity.uid}\t${entry.activity.startTime}\t${entry.activity.endTime}\t${JSON.stringify(entry).replaceAll("\\", "\\\\")}\n`;

/** The first so many rows, ready to be sent. */
export async function ledgerRows(
  store: Store,
  most = Number.POSITIVE_INFINITY,
): Promise<{ readonly count: number; readonly chunks: readonly Buffer[] }> {
  const chunks: Buffer[] = [];
  let lines: string[] = [];
  let count = 0;
  const close = () => {
    chunks.push(Buffer.from(lines.join("")));
    lines = [];
  };
  for await (const entry of store.activities()) {
    count = lines.push(lineOf(entry)) + chunks.length * LINES_A_CHUNK;
    if (lines.length === LINES_A_CHUNK) close();
    if (count === most) break;
  }
  close();
  return { count, chunks };
}

/** Into the table `copied`. */
export async function copyMs(url: string, chunks: readonly Buffer[]): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const start = performance.now();
  await new Promise<void>((resolve, reject) => {
    const copy = new pg.Query(`${COPY_LEDGER} from stdin`);
    Object.assign(copy, {
      handleCopyInResponse(connection: { sendCopyFromChunk(chunk: Buffer): void; endCopyFrom(): void }) {
        for (const chunk of chunks) connection.sendCopyFromChunk(chunk);
        connection.endCopyFrom();
      },
    });
    copy.once("end", () => resolve());
    copy.once("error", reject);
    client.query(copy);
  });
  const ms = performance.now() - start;
  await client.end();
  return ms;
}
