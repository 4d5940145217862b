/**
 * `when:` of a clause: CEL over `activity`. The only file that knows the CEL library.
 *
 * Beyond CEL, because every number of an activity is a double: arithmetic between doubles and whole literals, so
 * that `activity.usage.inputTokens * 2` means what it says. Less than CEL: no `matches`, whose regular expressions
 * a caller's label could make run for ever.
 */
import {
  type ASTNode,
  TypeError as CelTypeError,
  Environment,
  EvaluationError,
  ParseError,
} from "@marcbachmann/cel-js";
import { z } from "zod";
import { Activity } from "../model/activity.ts";
import { didYouMean } from "./did-you-mean.ts";

/** Whether it holds; or why nobody can say, as where the log does not give a field that it names. */
export type Condition = (activity: Activity) => boolean | { readonly undecided: string };

/** Where the expression goes wrong, in characters from its start. */
export interface ConditionProblem {
  readonly message: string;
  readonly offset: number;
  readonly suggestion?: string;
}

/** Enough for any condition a person writes by hand. */
const LIMITS = { maxAstNodes: 500, maxDepth: 40 };

const environment = new Environment({ limits: LIMITS })
  .registerVariable("activity", "map")
  .registerOperator("double + int", (a: number, b: bigint) => a + Number(b))
  .registerOperator("double - int", (a: number, b: bigint) => a - Number(b))
  .registerOperator("double * int", (a: number, b: bigint) => a * Number(b))
  .registerOperator("double / int", (a: number, b: bigint) => a / Number(b))
  .registerOperator("int + double", (a: bigint, b: number) => Number(a) + b)
  .registerOperator("int - double", (a: bigint, b: number) => Number(a) - b)
  .registerOperator("int * double", (a: bigint, b: number) => Number(a) * b)
  .registerOperator("int / double", (a: bigint, b: number) => Number(a) / b);

/** Never throws, and neither does the condition. */
export function compileCondition(
  expression: string,
): { readonly condition: Condition } | { readonly problem: ConditionProblem } {
  let parsed: ReturnType<typeof environment.parse>;
  try {
    parsed = environment.parse(expression);
  } catch (error) {
    return { problem: problemFrom(error) };
  }
  const misnamed = problemIn(parsed.ast);
  if (misnamed) return { problem: misnamed };
  const checked = parsed.check();
  if (!checked.valid) return { problem: problemFrom(checked.error) };
  if (checked.type !== "bool" && checked.type !== "dyn")
    return { problem: { message: `a condition is true or false; this is a ${checked.type}`, offset: 0 } };

  return {
    condition: (activity) => {
      try {
        const value: unknown = parsed({ activity: { ...absentObjects, ...activity } });
        return typeof value === "boolean" ? value : { undecided: "it is neither true nor false" };
      } catch (error) {
        return { undecided: whyUndecided(error) };
      }
    },
  };
}

const problemFrom = (error: unknown): ConditionProblem => {
  if (error instanceof ParseError || error instanceof CelTypeError)
    return { message: lowerFirst(error.summary).replace("token: EOF", "end"), offset: error.range?.start ?? 0 };
  return { message: "cannot be evaluated", offset: 0 };
};

/** Names of fields and codes only: other messages of the library quote values. */
const whyUndecided = (error: unknown): string => {
  if (!(error instanceof EvaluationError)) return "it cannot be evaluated";
  return error.code === "no_such_key" ? lowerFirst(error.summary) : error.code.replaceAll("_", " ");
};

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/**
 * So that `has(activity.usage.inputTokens)` is false, and no error, for an activity without `usage`: as for a
 * message field in protobuf.
 */
const absentObjects: Readonly<Record<string, object>> = Object.fromEntries(
  Object.entries(Activity.shape)
    .filter(([, field]) => fieldsOf(field) !== undefined)
    .map(([name]) => [name, {}]),
);

/** The fields of an object; undefined for a plain value. `any`: tags, whose keys are free. */
function fieldsOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | "any" | undefined {
  if (schema instanceof z.ZodOptional) return fieldsOf(schema.unwrap());
  if (schema instanceof z.ZodObject) return schema.shape;
  return schema instanceof z.ZodRecord ? "any" : undefined;
}

/** Misspelt fields and what we do not allow, anywhere in the expression. */
function problemIn(node: ASTNode): ConditionProblem | undefined {
  if (node.op === "." || node.op === ".?") {
    const owner = schemaOf(node.args[0]);
    const fields = owner && fieldsOf(owner);
    const name = node.args[1];
    if (owner && fields !== "any" && !(fields && Object.hasOwn(fields, name))) {
      const path = pathOf(node);
      const suggestion = didYouMean(name, Object.keys(fields ?? {}));
      return { message: `no field ${path}`, offset: node.pos, ...(suggestion ? { suggestion } : {}) };
    }
  }
  if (node.op === "rcall" && node.args[0] === "matches")
    return {
      message: "matches() is not available; use contains(), startsWith() or endsWith()",
      offset: node.pos,
    };
  if (node.op === "call" && node.args[0] === "has") {
    const [field] = node.args[1];
    const schema = field && schemaOf(field);
    if (field && schema && fieldsOf(schema))
      return { message: `has(${pathOf(field)}) is always true; name a field of it`, offset: field.start };
  }
  for (const child of childrenOf(node)) {
    const problem = problemIn(child);
    if (problem) return problem;
  }
  return undefined;
}

/** What `activity.usage` is made of; undefined for what is no field of the activity. */
function schemaOf(node: ASTNode): z.core.$ZodType | undefined {
  if (node.op === "id") return node.args === "activity" ? Activity : undefined;
  if (node.op !== "." && node.op !== ".?") return undefined;
  const owner = schemaOf(node.args[0]);
  const fields = owner && fieldsOf(owner);
  return fields && fields !== "any" && Object.hasOwn(fields, node.args[1]) ? fields[node.args[1]] : undefined;
}

const pathOf = (node: ASTNode): string =>
  node.op === "." || node.op === ".?" ? `${pathOf(node.args[0])}.${node.args[1]}` : String(node.args);

const isNode = (value: unknown): value is ASTNode =>
  typeof value === "object" && value !== null && "op" in value && "args" in value;

function* childrenOf(node: ASTNode): Generator<ASTNode> {
  const parts: unknown[] = [node.args];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    if (isNode(part)) yield part;
    else if (Array.isArray(part)) parts.push(...part.toReversed());
  }
}
