import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { message, struct } from "../../test/servers/google.ts";
import { decodeAuditLog } from "./gcp-audit-log.ts";

/** -0 is not told apart from 0 by JSON either. */
const json = fc
  .dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }))
  .map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>);

describe("audit logs in binary form", () => {
  it("give back any JSON object that a request may be", () => {
    fc.assert(
      fc.property(json, (request) => {
        fc.pre(!("__proto__" in request && Object.hasOwn(request, "__proto__")));
        expect(decodeAuditLog(message({ 16: struct(request) }))).toEqual({ request });
      }),
    );
  });

  it("are an object or an error, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        let decoded: unknown = {};
        try {
          decoded = decodeAuditLog(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
        expect(decoded).toBeTypeOf("object");
      }),
    );
  });

  it("have no content that is not named", () => {
    const canary = "what somebody asked a model";
    const bytes = message({
      2: message({ 1: 3, 2: canary }),
      7: "aiplatform.googleapis.com",
      18: struct({ canary }),
      19: struct({ canary }),
    });
    expect(decodeAuditLog(bytes)).toEqual({ serviceName: "aiplatform.googleapis.com", status: { code: 3 } });
  });
});
