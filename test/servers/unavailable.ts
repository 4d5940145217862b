/** Says in one line what a machine lacks. On a laptop the tests are then skipped; in CI that is a failure. */
import { describe, expect, it } from "vitest";

export function unavailable(what: string, reason: string): void {
  describe(what, () => {
    if (process.env["CI"]) {
      it("is there for the tests", () => {
        expect.fail(reason);
      });
    } else {
      process.stderr.write(`skipped what needs ${what}: ${reason}\n`);
      it.todo(`needs ${what}: ${reason}`);
    }
  });
}
