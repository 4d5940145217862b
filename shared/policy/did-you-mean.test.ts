import { expect, it } from "vitest";
import { didYouMean } from "./did-you-mean.ts";

const fields = ["models", "doors", "until", "owners"];
const doors = ["aws.bedrock", "azure.ai.openai", "gcp.vertex_ai", "x_ai", "openai"];

it("finds a misspelt word", () => {
  expect(didYouMean("modles", fields)).toBe("models");
  expect(didYouMean("door", fields)).toBe("doors");
  expect(didYouMean("unitl", fields)).toBe("until");
  expect(didYouMean("doro", fields)).toBeUndefined();
  expect(didYouMean("xai", doors)).toBe("x_ai");
  expect(didYouMean("azure.openai", doors)).toBe("azure.ai.openai");
});

it("finds a name by one of its parts", () => {
  expect(didYouMean("bedrock", doors)).toBe("aws.bedrock");
  expect(didYouMean("vertex", doors)).toBe("gcp.vertex_ai");
});

it("prefers the nearest of several", () => {
  expect(didYouMean("owner", ["owned", "owners", "money"])).toBe("owned");
  expect(didYouMean("ownersx", ["owned", "owners"])).toBe("owners");
});

it("offers nothing where nothing is near", () => {
  expect(didYouMean("colour", fields)).toBeUndefined();
  expect(didYouMean("our-own-gateway", doors)).toBeUndefined();
});
