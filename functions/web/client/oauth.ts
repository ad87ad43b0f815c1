import { challenge } from "./pkce";
import type { Clock } from "./clock";
import { jsonObject, text } from "./encoding";
import { ask, type Answer } from "./http";
import { Failure } from "./problem";
import type { Config } from "./types";

// The four addresses of the hosted sign-in: authorize and logout, which the browser goes
// to, and token and revoke, which the page calls. RFC 6749 (the authorization code grant),
// RFC 7009 (revocation), OpenID Connect Core 1.0, and
// https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html.

/** A sign-in that is under way. What it holds is used once. */
export interface Pending {
  /** Comes back with the code: an answer with another was not asked for (RFC 6749, section 10.12). */
  state: string;
  /** Comes back inside the ID token: a code that somebody put in place of ours brings another (OIDC Core, 15.5.2). */
  nonce: string;
  /** Changes the code for tokens: see pkce. */
  verifier: string;
}

/** What the token endpoint gave. */
export interface Grant {
  id: string;
  access: string;
  /** Seconds that the access token is good for. */
  expiresIn: number;
  /** Of a refresh only where the client rotates its refresh tokens. */
  refresh: string | undefined;
}

/**
 * Where a sign-in begins. It names no scopes, which asks for all that the client was
 * given: what routes ask for is the stack's business, and the two cannot differ.
 */
export async function authorizeUrl(config: Config, pending: Pending): Promise<string> {
  return at(config, "/oauth2/authorize", {
    response_type: "code",
    client_id: config.userPoolClientId,
    redirect_uri: config.webUrl,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: await challenge(pending.verifier),
    code_challenge_method: "S256",
  });
}

/** Where a sign-out ends: the hosted sign-in forgets the browser, and leads back. */
export const logoutUrl = (config: Config): string =>
  at(config, "/logout", { client_id: config.userPoolClientId, logout_uri: config.webUrl });

/** Changes a code for tokens. A code that was used or is too old is "used-callback". */
export async function redeem(config: Config, clock: Clock, code: string, verifier: string): Promise<Grant> {
  const answer = await post(config, clock, "/oauth2/token", {
    grant_type: "authorization_code",
    redirect_uri: config.webUrl,
    code,
    code_verifier: verifier,
  });
  return grant(answer, "used-callback");
}

/** Changes a refresh token for new tokens. One that was revoked or is too old is "session-ended". */
export async function refresh(config: Config, clock: Clock, token: string): Promise<Grant> {
  const answer = await post(config, clock, "/oauth2/token", { grant_type: "refresh_token", refresh_token: token });
  return grant(answer, "session-ended");
}

/** Ends a refresh token, and the access tokens that came of it: RFC 7009. */
export async function revoke(config: Config, clock: Clock, token: string): Promise<void> {
  await post(config, clock, "/oauth2/revoke", { token });
}

/**
 * Whether the hosted sign-in answers at all, within some milliseconds. Nothing of the answer
 * is read, so that it counts whatever it is, and whether or not the page may read it.
 */
export const answers = (config: Config, within: number): Promise<boolean> =>
  fetch(`${config.hostedUiUrl}/oauth2/revoke`, { mode: "no-cors", credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(within) }).then(() => true, () => false);

const at = (config: Config, path: string, parameters: Record<string, string>): string =>
  `${config.hostedUiUrl}${path}?${new URLSearchParams(parameters).toString()}`;

/** Secrets go in the body: an address is logged on its way. keepalive lets it outlive the page. */
const post = (config: Config, clock: Clock, path: string, form: Record<string, string>): Promise<Answer> =>
  ask(clock, "sign-in", config.hostedUiUrl + path, {
    method: "POST",
    keepalive: true,
    body: new URLSearchParams({ client_id: config.userPoolClientId, ...form }),
  });

function grant(answer: Answer, invalid: "used-callback" | "session-ended"): Grant {
  const { id_token, access_token, expires_in, refresh_token, error, error_description } = jsonObject(answer.body);
  if (answer.status !== 200) {
    if (error === "invalid_grant") throw new Failure({ kind: invalid });
    throw refused(text(error) || String(answer.status), text(error_description));
  }
  if (!text(id_token) || !text(access_token)) throw refused("invalid_response", "The answer lacks a token.");
  return { id: text(id_token), access: text(access_token), expiresIn: Number(expires_in) || 0, refresh: text(refresh_token) || undefined };
}

const refused = (error: string, description: string) => new Failure({ kind: "refused", service: "sign-in", error, description });
