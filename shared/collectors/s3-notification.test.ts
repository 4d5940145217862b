import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isWorthReading, notifiedObjects } from "./s3-notification.ts";

const record = (key: string, eventName = "ObjectCreated:Put", versionId?: string) => ({
  eventVersion: "2.1",
  eventSource: "aws:s3",
  awsRegion: "eu-central-1",
  eventTime: "2026-09-14T10:00:00.000Z",
  eventName,
  s3: { s3SchemaVersion: "1.0", bucket: { name: "logs" }, object: { key, size: 1_024, versionId } },
});

describe("messages about objects in S3", () => {
  it("names the objects of S3's own message, whose keys are written as in a form", () => {
    const message = JSON.stringify({
      Records: [record("a/my+log%2B1.json.gz"), record("b", "ObjectCreated:Copy", "v7")],
    });
    expect(notifiedObjects(message)).toEqual([
      { bucket: "logs", key: "a/my log+1.json.gz", versionId: undefined },
      { bucket: "logs", key: "b", versionId: "v7" },
    ]);
  });

  it("names the object of EventBridge's message, whose key stands as it is", () => {
    const message = {
      version: "0",
      source: "aws.s3",
      "detail-type": "Object Created",
      detail: {
        bucket: { name: "logs" },
        object: { key: "a+b%20c", size: 5, "version-id": "v1" },
        reason: "PutObject",
      },
    };
    expect(notifiedObjects(message)).toEqual([{ bucket: "logs", key: "a+b%20c", versionId: "v1" }]);
    expect(notifiedObjects({ ...message, "detail-type": "Object Deleted" })).toEqual([]);
  });

  it("opens what SNS wraps, and reads CloudTrail's own message there", () => {
    const inSns = (message: unknown) => ({
      Type: "Notification",
      MessageId: "m",
      TopicArn: "arn:aws:sns:eu-central-1:111122223333:t",
      Message: JSON.stringify(message),
    });
    expect(notifiedObjects(JSON.stringify(inSns({ Records: [record("k")] })))).toHaveLength(1);
    expect(notifiedObjects(inSns({ s3Bucket: "logs", s3ObjectKey: ["k1", "k2"] }))).toEqual([
      { bucket: "logs", key: "k1" },
      { bucket: "logs", key: "k2" },
    ]);
    expect(notifiedObjects(inSns("hello"))).toBeUndefined();
  });

  it("finds nothing to read in S3's test message, nor where objects went away", () => {
    const test = { Service: "Amazon S3", Event: "s3:TestEvent", Time: "2026-09-14T10:00:00.000Z", Bucket: "logs" };
    expect(notifiedObjects(JSON.stringify(test))).toEqual([]);
    expect(notifiedObjects({ Records: [record("k", "ObjectRemoved:Delete")] })).toEqual([]);
  });

  it("says what is no such message, and never throws", () => {
    for (const other of ["", "{", "null", "[]", '{"Records":[{"eventSource":"aws:sqs"}]}', "{}"])
      expect(notifiedObjects(other)).toBeUndefined();
    fc.assert(
      fc.property(fc.anything(), fc.string(), (value, key) => {
        notifiedObjects(value);
        notifiedObjects({ Records: [record(key)] });
        notifiedObjects({ Type: "Notification", Message: key });
      }),
    );
  });
});

describe("keys of AWS' logs", () => {
  const all = { accounts: [], regions: [] };
  const trail = "AWSLogs/o-abcdefghij/111122223333/CloudTrail/eu-central-1/2026/09/14/x.json.gz";
  const invocations = "logs/AWSLogs/111122223333/BedrockModelInvocationLogs/us-east-1/2026/09/14/10";
  const resolver = "AWSLogs/111122223333/vpcdnsquerylogs/vpc-0abc/2026/09/14/x.log.gz";

  it("are read where they are a trail's events, Bedrock's invocations or Route 53's queries, or of no such layout", () => {
    for (const key of [
      trail,
      `${invocations}/x.json.gz`,
      resolver,
      "firehose/2026/09/14/x",
      "bills/gnomon/data/BILLING_PERIOD=2026-09/gnomon-00001.csv.gz",
      "bills/legacy/20260901-20261001/0a1b2c3d/legacy-1.csv.gz",
      trail.replace("CloudTrail", "CloudTrail-NetworkActivity"),
    ])
      expect(isWorthReading(key, all), key).toBe(true);
  });

  it("are left where they are something else", () => {
    const left = [
      ...["Digest", "Insight", "Aggregated"].map((what) => trail.replace("CloudTrail", `CloudTrail-${what}`)),
      "AWSLogs/111122223333/vpcflowlogs/eu-central-1/2026/09/14/x.log.gz",
      "AWSLogs/111122223333/Config/ConfigWritabilityCheckFile",
      `${invocations}/data/0a1b_input.json.gz`,
      "AWSLogs/111122223333/BedrockModelInvocationLogs/us-east-1/amazon-bedrock-logs-permission-check",
      "AWSLogs/111122223333/CloudTrail/",
      "bills/gnomon/metadata/BILLING_PERIOD=2026-09/gnomon-Manifest.json",
      "bills/legacy/20260901-20261001/legacy-Manifest.json",
      "bills/legacy/20260901-20261001/legacy-create-table.sql",
      "bills/aws-programmatic-access-test-object",
    ];
    for (const key of left) expect(isWorthReading(key, all), key).toBe(false);
  });

  it("are left where account or region are not asked for", () => {
    expect(isWorthReading(trail, { accounts: ["111122223333"], regions: ["eu-central-1"] })).toBe(true);
    expect(isWorthReading(trail, { accounts: ["222233334444"], regions: [] })).toBe(false);
    expect(isWorthReading(trail, { accounts: [], regions: ["us-east-1"] })).toBe(false);
    // Its key names no region.
    expect(isWorthReading(resolver, { accounts: [], regions: ["us-east-1"] })).toBe(true);
    expect(isWorthReading("firehose/x", { accounts: ["222233334444"], regions: ["us-east-1"] })).toBe(true);
  });
});
