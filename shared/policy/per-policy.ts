import type { Policy } from "./policy.ts";

/** Compiles a policy once, however often it is asked. */
export function perPolicy<T>(compileOnce: (policy: Policy) => T): (policy: Policy) => T {
  const compiled = new WeakMap<Policy, T>();
  return (policy) => {
    const before = compiled.get(policy);
    if (before !== undefined) return before;
    const made = compileOnce(policy);
    compiled.set(policy, made);
    return made;
  };
}
