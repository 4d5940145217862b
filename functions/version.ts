/** Gnomon's own version, bundled with the function. */
import about from "../package.json" with { type: "json" };

export const version: string = about.version;
