/** The shelf of detections: one export line each. */
export { authenticationWeakened } from "./authentication-weakened.ts";
export { expiredApproval } from "./expired-approval.ts";
export { gatewayBypass } from "./gateway-bypass.ts";
export { guardrailWeakened } from "./guardrail-weakened.ts";
export { keyCreated } from "./key-created.ts";
export { keyUsedElsewhere } from "./key-used-elsewhere.ts";
export { loggingWeakened } from "./logging-weakened.ts";
export { modelAccessChain } from "./model-access-chain.ts";
export { networkOpened } from "./network-opened.ts";
export { regionPossible } from "./region-possible.ts";
export { regionProcessed } from "./region-processed.ts";
export { unsanctionedAccount } from "./unsanctioned-account.ts";
export { unsanctionedCredential } from "./unsanctioned-credential.ts";
export { unsanctionedDoor } from "./unsanctioned-door.ts";
export { unsanctionedModel } from "./unsanctioned-model.ts";
export { unsanctionedPrincipal } from "./unsanctioned-principal.ts";
export { unsanctionedRegion } from "./unsanctioned-region.ts";
