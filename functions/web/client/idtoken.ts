import { fromBase64url, jsonObject, text } from "./encoding";
import { Failure } from "./problem";
import type { Account, Config } from "./types";

/** What an ID token says, as far as the page needs it. */
export interface Identity {
  account: Account;
  /** Milliseconds since 1970, by the services' clock. */
  expires: number;
}

/** What an ID token is to say beside issuer and client. */
export interface Expected {
  /** undefined: it was checked before (a token that was kept over a reload). */
  nonce?: string;
  /** A refreshed token must be of the same user (OIDC Core, 12.2). */
  sub?: string;
  /** Milliseconds since 1970; undefined: one that has ended still tells who was in. */
  now?: number;
}

/**
 * Reads an ID token and checks what OpenID Connect Core 1.0, section 3.1.3.7, asks of a
 * client, with the claims that Cognito documents:
 * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html.
 *
 * The signature is not checked: the token came from the token endpoint itself, over
 * TLS, which says who issued it (rule 6 there). Nothing but what this page shows hangs on
 * it either. Whoever decides by a token (API Gateway, the identity pool) checks the
 * signature by itself.
 */
export function readIdToken(token: string, config: Config, expected: Expected): Identity {
  const claims = payload(token);
  const wrong = (claim: string) => new Failure({ kind: "refused", service: "sign-in", error: "invalid_id_token", description: `The ID token's ${claim} is wrong.` });
  if (claims["iss"] !== config.issuer) throw wrong("iss"); // rule 2
  if (claims["aud"] !== config.userPoolClientId) throw wrong("aud"); // rule 3; Cognito names one audience
  if (claims["token_use"] !== "id") throw wrong("token_use"); // Cognito's access tokens are JWTs too
  const expires = Number(claims["exp"]) * 1000;
  if (!(expires > (expected.now ?? 0))) throw wrong("exp"); // rule 9
  if (expected.nonce !== undefined && claims["nonce"] !== expected.nonce) throw new Failure({ kind: "foreign-callback" }); // rule 11
  const sub = text(claims["sub"]);
  if (!sub || (expected.sub ?? sub) !== sub) throw wrong("sub");

  const groups: unknown = claims["cognito:groups"];
  const account: Account = { sub, username: text(claims["cognito:username"]) || sub, groups: Array.isArray(groups) ? groups.map(text) : [] };
  const email = text(claims["email"]);
  if (email) account.email = email;
  return { account, expires };
}

/** The middle part of a JSON Web Token: RFC 7519, section 3. */
function payload(token: string): Record<string, unknown> {
  try {
    return jsonObject(fromBase64url(token.split(".")[1] ?? ""));
  } catch {
    return {}; // whose claims are all wrong
  }
}
