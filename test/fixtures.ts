/** Every recorded fixture as the log files a vendor would have left: what a user points `scan` at. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const shelf = fileURLToPath(new URL("../shared/sources/", import.meta.url));

interface Recorded {
  readonly files: readonly { readonly name: string; readonly documents: readonly unknown[] }[];
}

/** Returns how many files were written. */
export async function writeFixtures(folder: string): Promise<number> {
  await mkdir(folder, { recursive: true });
  let count = 0;
  for (const name of (await readdir(shelf)).filter((one) => one.endsWith(".recorded.json"))) {
    const { files } = JSON.parse(await readFile(join(shelf, name), "utf8")) as Recorded;
    for (const { documents } of files) {
      const text = documents.map((document) => JSON.stringify(document)).join("\n");
      await writeFile(join(folder, `${name.split(".")[0]}-${count}.json`), text);
      count++;
    }
  }
  return count;
}
