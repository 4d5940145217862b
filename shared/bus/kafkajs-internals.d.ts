/** What of kafkajs's own encoder is put right in `kafkajs-encoder.ts`; the package has no types for it. */
declare module "kafkajs/src/protocol/encoder.js" {
  class Encoder {
    static nextPowerOfTwo(value: number): number;
    static sizeOfVarInt(value: number): number;
    static sizeOfVarLong(value: unknown): number;
    buf: Buffer;
    offset: number;
    ensureAvailable(length: number): void;
    writeVarInt(value: number): this;
    writeUVarInt(value: number): this;
    writeVarLong(value: unknown): this;
    writeVarIntBytes(value: string): this;
  }
  export = Encoder;
}

/** What the tests read back with. */
declare module "kafkajs/src/protocol/decoder.js" {
  class Decoder {
    constructor(buffer: Buffer);
    readVarInt(): number;
    readVarIntBytes(): Buffer | null;
  }
  export = Decoder;
}
