/**
 * The version that `ironfern --version` tells.
 *
 * @module
 */

/** That of deno.json, which a published package cannot read cheaply. */
export const VERSION = "0.1.0";
