/** Where data went, or may have gone, against the regions that the policy allows. */
import type { Activity } from "../model/activity.ts";
import { alikeIn } from "./alike.ts";
import { compile, exceptionFor, ownerOf, placeOf } from "./judge.ts";
import { compilePatterns, type PatternMatcher } from "./pattern.ts";
import { perPolicy } from "./per-policy.ts";
import type { Policy, Stray } from "./policy.ts";

/**
 * Destination Regions of Bedrock's geographic inference profiles: AWS, Bedrock user guide, "Supported Regions and
 * models for inference profiles" (2026). A geography that is not listed, or of another vendor, is allowed only by
 * its own name in the policy.
 */
const destinations: Readonly<Record<string, readonly string[]>> = {
  us: ["us-east-1", "us-east-2", "us-west-1", "us-west-2"],
  "us-gov": ["us-gov-east-1", "us-gov-west-1"],
  eu: ["eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"],
  jp: ["ap-northeast-1", "ap-northeast-3"],
  au: ["ap-southeast-2", "ap-southeast-4"],
};

const compiledResidency = perPolicy((policy) =>
  compile(policy.residency, "forbid").map((compiled) => ({
    ...compiled,
    allows: compilePatterns(compiled.clause.allowed),
  })),
);

/**
 * The first residency clause that the activity breaks. All that match apply, so the order of clauses only decides
 * which is named. A known place of processing is the truth; a profile that could have led elsewhere no longer counts.
 */
export function strayOf(policy: Policy, activity: Activity): Stray | undefined {
  if (policy.residency.length === 0 || activity.region === undefined) return undefined;
  const alike = alikeIn(policy)(activity);
  alike.stray ??= judgeRegions(policy, activity) ?? "none";
  return alike.stray === "none" ? undefined : alike.stray;
}

function judgeRegions(policy: Policy, activity: Activity): Stray | undefined {
  const clauses = compiledResidency(policy);
  const owner = ownerOf(policy, activity);
  for (const { clause, scope, allows } of clauses) {
    if (!scope.fits(activity, owner)) continue;
    const strayed = strayedFrom(allows, activity);
    if (!strayed) continue;
    if (exceptionFor(policy, activity, owner)) return undefined;
    return { ...strayed, allowed: clause.allowed, clause: placeOf(policy, clause) };
  }
  return undefined;
}

function strayedFrom(
  allows: PatternMatcher,
  { region, provider }: Activity,
): Pick<Stray, "how" | "where"> | undefined {
  const { requested, scope, geography } = region ?? {};
  const outside = (place: string | undefined): place is string => place !== undefined && allows([place]) === false;

  const processed = region?.processed ?? (scope === "regional" ? requested : undefined);
  if (outside(processed)) return { how: "processed", where: processed };
  if (outside(requested)) return { how: "possible", where: requested };
  if (processed !== undefined) return undefined;
  if (scope === "global") return outside("global") ? { how: "possible", where: "global" } : undefined;
  if (scope !== "geography" || !outside(geography)) return undefined;
  const reachable = provider === "aws.bedrock" ? destinations[geography] : undefined;
  return reachable && !reachable.some(outside) ? undefined : { how: "possible", where: geography };
}
