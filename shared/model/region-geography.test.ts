import { expect, it } from "vitest";
import { geographyOfRegion } from "./region-geography.ts";

it("knows regions of two clouds that keep data in one country, or in the Union", () => {
  for (const [aws, google, geography] of [
    ["eu-central-1", "europe-west4", "eu"],
    ["eu-west-2", "europe-west2", "uk"],
    ["eu-central-2", "europe-west6", "ch"],
    ["us-east-1", "us-central1", "us"],
    ["ap-northeast-1", "asia-northeast1", "jp"],
    ["ap-southeast-2", "australia-southeast1", "au"],
  ] as const) {
    expect([geographyOfRegion(aws), geographyOfRegion(google)]).toEqual([geography, geography]);
  }
});

it("knows nothing of what it is not sure of", () => {
  for (const region of ["", "global", "westeurope", "us-gov-west-1", "ap-east-1", "me-central-1"])
    expect(geographyOfRegion(region)).toBeUndefined();
});
