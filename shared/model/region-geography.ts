/**
 * The country, or the European Union, that a region's data stays in: `eu` of AWS' `eu-central-1` and Google's
 * `europe-west4`. Azure's regions are not here. Undefined for what is not known, so that two regions are alike only where it is sure.
 */
export const geographyOfRegion = (region: string): string | undefined =>
  geographies.find(([names]) => names.test(region))?.[1];

/** Regions of AWS and Google (2026), the narrower before the wider. */
const geographies: readonly (readonly [RegExp, string])[] = [
  [/^(?:eu-west-2|europe-west2)$/, "uk"],
  [/^(?:eu-central-2|europe-west6)$/, "ch"],
  [/^(?:eu-(?:central|north|south|west)-\d|europe-[a-z]+\d+|eu)$/, "eu"],
  [/^us-(?:east|west)-\d$|^us-(?:central|east|south|west)\d+$|^us$/, "us"],
  [/^(?:ca-(?:central|west)-\d|northamerica-northeast\d)$/, "ca"],
  [/^(?:sa-east-1|southamerica-east1)$/, "br"],
  [/^(?:ap-northeast-[13]|asia-northeast[12])$/, "jp"],
  [/^(?:ap-northeast-2|asia-northeast3)$/, "kr"],
  [/^(?:ap-south-[12]|asia-south[12])$/, "in"],
  [/^(?:ap-southeast-1|asia-southeast1)$/, "sg"],
  [/^(?:ap-southeast-3|asia-southeast2)$/, "id"],
  [/^(?:ap-southeast-[24]|australia-southeast\d)$/, "au"],
];
