/**
 * The app's settings, out of environment variables.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import {
  auth0,
  entra,
  github,
  google,
  linkedin,
  oidc,
  type Provider,
} from "@ironfern/ironfern/login";

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the variables say. */
export interface Settings {
  /** Where the app is, as browsers see it. */
  readonly origin: string;
  /** The server's key. */
  readonly fernet: Fernet;
  readonly providers: readonly Provider[];
}

/** Settings that are missing or wrong: the message is for people, and may have lines. */
export class SettingsError extends Error {}

/** A provider, and what it needs. */
interface Preset {
  /** The variables that have to be there. */
  readonly names: readonly string[];
  /** One that may be there. */
  readonly optional?: string;
  /** Makes the provider; all variables are there. */
  readonly make: (values: Readonly<Record<string, string>>) => Provider;
}

const KEY = "APP_KEY";
const ORIGIN = "APP_ORIGIN";
const KEYGEN = "npx -y deno@2.9.6 run src/cli/mod.ts keygen";
const PRESETS: readonly Preset[] = [
  {
    names: ["GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET"],
    make: (values) =>
      github({
        clientId: values.GITHUB_CLIENT_ID,
        clientSecret: values.GITHUB_CLIENT_SECRET,
      }),
  },
  {
    names: ["GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET"],
    make: (values) =>
      google({
        clientId: values.GOOGLE_CLIENT_ID,
        clientSecret: values.GOOGLE_CLIENT_SECRET,
        offline: true,
      }),
  },
  {
    names: ["ENTRA_CLIENT_ID", "ENTRA_CLIENT_SECRET"],
    optional: "ENTRA_TENANT",
    make: (values) =>
      entra({
        clientId: values.ENTRA_CLIENT_ID,
        clientSecret: values.ENTRA_CLIENT_SECRET,
        tenant: values.ENTRA_TENANT || "common",
        offline: true,
      }),
  },
  {
    names: ["AUTH0_DOMAIN", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET"],
    make: (values) =>
      auth0({
        clientId: values.AUTH0_CLIENT_ID,
        clientSecret: values.AUTH0_CLIENT_SECRET,
        domain: values.AUTH0_DOMAIN,
        offline: true,
      }),
  },
  {
    names: ["LINKEDIN_CLIENT_ID", "LINKEDIN_CLIENT_SECRET"],
    make: (values) =>
      linkedin({
        clientId: values.LINKEDIN_CLIENT_ID,
        clientSecret: values.LINKEDIN_CLIENT_SECRET,
      }),
  },
  {
    names: ["OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"],
    optional: "OIDC_NAME",
    make: (values) =>
      oidc({
        id: "sso",
        name: values.OIDC_NAME || "your organisation",
        issuer: values.OIDC_ISSUER,
        clientId: values.OIDC_CLIENT_ID,
        clientSecret: values.OIDC_CLIENT_SECRET,
        groups: true,
      }),
  },
];

/** What to set. */
function help(): string {
  const lines = PRESETS.map(({ names, optional }) =>
    `  ${names.join(", ")}${optional ? ` (and ${optional})` : ""}`
  );
  return [
    "No provider is set. Set the variables of one or more:",
    ...lines,
    `And ${KEY}, the server's key: \`${KEYGEN}\` makes one.`,
    `${ORIGIN} is where browsers find the app, if not at the address that it prints.`,
    "Or try it with a provider on this machine, where nobody needs an account: --provider test",
  ].join("\n");
}

/**
 * Reads the settings.
 *
 * @param environment The variables.
 * @param origin Where the app is, if `APP_ORIGIN` does not say it.
 * @throws {SettingsError} If one is missing or wrong. The message names each that is
 * missing.
 */
export function readSettings(environment: Environment, origin: string): Settings {
  const isMissing = (name: string) => !environment[name];
  const wanted = PRESETS.filter(({ names }) => !names.every(isMissing));
  if (!wanted.length) throw new SettingsError(help());
  const missing = [KEY, ...wanted.flatMap(({ names }) => names)].filter(isMissing);
  if (missing.length) {
    const hint = missing.includes(KEY)
      ? `\n${KEY} is the server's key: \`${KEYGEN}\` makes one. Keep it.`
      : "";
    throw new SettingsError(`These variables are missing: ${missing.join(", ")}${hint}`);
  }
  const values = environment as Readonly<Record<string, string>>;
  const ownOrigin = values[ORIGIN] || origin;
  if (!URL.canParse(ownOrigin) || new URL(ownOrigin).origin !== ownOrigin) {
    throw new SettingsError(`Cannot use ${ORIGIN}: expected one as https://notes.example`);
  }
  try {
    return {
      origin: ownOrigin,
      fernet: new Fernet(values[KEY]),
      providers: wanted.map(({ make }) => make(values)),
    };
  } catch (cause) {
    throw new SettingsError((cause as Error).message, { cause });
  }
}
