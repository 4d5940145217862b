/** `memory`, a folder, or a `postgres://` URL → the store there. What is not used is not loaded. */
import { PipelineError } from "../model/errors.ts";
import { openMemoryStore } from "./memory-store.ts";
import type { Store } from "./store.ts";

export async function openStore(where: string): Promise<Store> {
  if (where === "memory") return openMemoryStore();
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(where)?.[1]?.toLowerCase();
  if (scheme === "postgres" || scheme === "postgresql") {
    if (!URL.canParse(where)) throw new PipelineError("config-invalid", "store: the Postgres URL cannot be read");
    const { openPostgresStore } = await import("./postgres-store.ts");
    return openPostgresStore(where);
  }
  if (where === "" || scheme !== undefined) {
    throw new PipelineError(
      "config-invalid",
      `store: expected memory, a folder or a postgres:// URL, got ${scheme ? `${scheme}://…` : "nothing"}`,
    );
  }
  const { openPgliteStore } = await import("./pglite-store.ts");
  return openPgliteStore(where);
}
