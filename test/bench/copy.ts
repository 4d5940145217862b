/** `COPY` of the rows a ledger holds: as fast as Postgres takes them. */
import pg from "pg";
import type { LedgerEntry } from "../../shared/model/ledger.ts";

const LINES_A_CHUNK = 1_000;

export const LIKE_LEDGER = "drop table if exists copied; create table copied (like activity including all)";

export const COPY_LEDGER = "copy copied (uid, start_time, end_time, entry)";

/** COPY's text format: tab between columns, backslash escaped. */
export const copyLine = (entry: LedgerEntry): string =>
  `${entry.activity.uid}\t${entry.activity.startTime}\t${entry.activity.endTime}\t${JSON.stringify(entry).replaceAll("\\", "\\\\")}\n`;

/** Into the table `copied`. */
export async function copyMs(url: string, lines: readonly string[]): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const chunks = Array.from({ length: Math.ceil(lines.length / LINES_A_CHUNK) }, (_, n) =>
    Buffer.from(lines.slice(n * LINES_A_CHUNK, (n + 1) * LINES_A_CHUNK).join("")),
  );
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
