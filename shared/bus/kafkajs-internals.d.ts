/** What of kafkajs itself `kafkajs-records.ts` uses and puts in its place; the package has no types for it. */
declare module "kafkajs/src/protocol/encoder.js" {
  class Encoder {
    readonly buffer: Buffer;
    writeInt16(value: number): this;
    writeInt32(value: number): this;
    writeString(value: string | null): this;
    writeBuffer(value: Buffer): this;
  }
  export = Encoder;
}

/** And of its queue of requests in `kafkajs-request-queue.ts`. */
declare module "kafkajs/src/network/requestQueue/index.js" {
  class RequestQueue {
    constructor(options: object);
    readonly pending: object[];
    readonly throttleCheckTimeoutId: object | null;
    scheduleCheckPendingRequests(): void;
    destroy(): void;
  }
  export = RequestQueue;
}

declare module "kafkajs/src/protocol/decoder.js" {
  class Decoder {
    constructor(buffer: Buffer);
    readInt16(): number;
    readInt32(): number;
    readInt64(): bigint;
    readString(): string | null;
    readBytes(): Buffer | null;
    readArray<Item>(read: (decoder: Decoder) => Item): Item[];
  }
  export = Decoder;
}

declare module "kafkajs/src/protocol/message/compression/index.js" {
  interface Codec {
    compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
    decompress(buffer: Buffer): Promise<Buffer>;
  }
  export function lookupCodec(type: number): Codec | null;
  export function lookupCodecByAttributes(attributes: number): Codec | null;
}

declare module "kafkajs/src/protocol/recordBatch/crc32C/index.js" {
  function crc32c(bytes: Buffer): number;
  export = crc32c;
}

declare module "kafkajs/src/protocol/requests/produce/index.js" {
  const produce: {
    protocol(of: { readonly version: number }): (given: produce.Request) => {
      readonly request: { encode(): Promise<import("kafkajs/src/protocol/encoder.js")> };
      readonly response: object;
    };
  };
  namespace produce {
    interface Request {
      readonly acks: number;
      readonly timeout: number;
      readonly compression?: number;
      readonly transactionalId?: string | null;
      /** kafkajs's own Long, or a number. */
      readonly producerId?: { toString(): string };
      readonly producerEpoch?: number;
      readonly topicData: readonly {
        readonly topic: string;
        readonly partitions: readonly {
          readonly partition: number;
          readonly firstSequence?: number;
          readonly messages: readonly import("kafkajs").Message[];
        }[];
      }[];
    }
  }
  export = produce;
}

declare module "kafkajs/src/protocol/requests/fetch/v11/response.js" {
  const response: {
    decode(bytes: Buffer): Promise<response.Fetched>;
  };
  namespace response {
    interface Fetched {
      readonly throttleTime: number;
      readonly clientSideThrottleTime: number;
      readonly errorCode: number;
      readonly sessionId: number;
      readonly responses: readonly {
        readonly topicName: string | null;
        readonly partitions: readonly FetchedPartition[];
      }[];
    }
    interface FetchedPartition {
      readonly partition: number;
      readonly errorCode: number;
      readonly highWatermark: string;
      readonly lastStableOffset: string;
      readonly lastStartOffset: string;
      readonly abortedTransactions: readonly { readonly producerId: string; readonly firstOffset: string }[];
      readonly preferredReadReplica: number;
      readonly messages: readonly import("kafkajs").KafkaMessage[];
    }
    /** What tells whether a record counts: that of an aborted transaction does not. */
    interface AroundRecords {
      readonly producerId: string;
      readonly inTransaction: boolean;
    }
  }
  export = response;
}
