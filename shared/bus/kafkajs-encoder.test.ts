import fc from "fast-check";
import Decoder from "kafkajs/src/protocol/decoder.js";
import Encoder from "kafkajs/src/protocol/encoder.js";
import { expect, it } from "vitest";
import { quickenKafkajs } from "./kafkajs-encoder.ts";

const before = {
  writeUVarInt: Encoder.prototype.writeUVarInt,
  writeVarLong: Encoder.prototype.writeVarLong,
  sizeOfVarLong: Encoder.sizeOfVarLong,
};
quickenKafkajs();

const bytesOf = ({ buf, offset }: Encoder): string => buf.subarray(0, offset).toString("hex");

it("writes every number in the bytes that kafkajs writes", () => {
  fc.assert(
    fc.property(fc.integer(), fc.maxSafeInteger(), (int, long) => {
      expect(bytesOf(new Encoder().writeUVarInt(int))).toBe(bytesOf(before.writeUVarInt.call(new Encoder(), int)));
      for (const value of [int, long]) {
        expect(bytesOf(new Encoder().writeVarLong(value))).toBe(
          bytesOf(before.writeVarLong.call(new Encoder(), value)),
        );
        expect(Encoder.sizeOfVarLong(value)).toBe(before.sizeOfVarLong.call(Encoder, value));
      }
    }),
  );
});

it("holds whatever it is given, however little it began with", () => {
  const given = fc.array(
    fc.oneof(fc.integer(), fc.string({ maxLength: 600, size: "max" }), fc.constant("x".repeat(511))),
  );
  fc.assert(
    fc.property(given, (values) => {
      const encoder = new Encoder();
      for (const value of values)
        if (typeof value === "number") encoder.writeVarInt(value);
        else encoder.writeVarIntBytes(value);
      const decoder = new Decoder(Buffer.from(bytesOf(encoder), "hex"));
      expect(
        values.map((value) =>
          typeof value === "number" ? decoder.readVarInt() : decoder.readVarIntBytes()?.toString("utf8"),
        ),
      ).toEqual(values);
    }),
  );
});
