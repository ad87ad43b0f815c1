import type { Route } from "./types";

// How a request is shown. What is shown gets into screenshots and chats, so no secret is
// in it that could be used by who sees it.

export interface Header {
  name: string;
  value: string;
  secret: boolean;
}

/** The first letters of a secret, so that one can be told from another. */
export const shorten = (secret: string): string => `${secret.slice(0, Math.min(8, secret.length / 4))}…`;

/** A header with its secret shortened: of a signature, what it is made of stays. */
export function shortened({ name, value, secret }: Header): Header {
  const signature = /^(AWS4-HMAC-SHA256 .*Signature=)(.*)$/.exec(value);
  const shown = signature ? `${signature[1] ?? ""}${shorten(signature[2] ?? "")}` : secret ? shorten(value) : value;
  return { name, value: shown, secret };
}

/**
 * A command that sends the request again. A signature is good for five minutes, so curl
 * (7.75 or later) makes a new one; secrets stand as names of environment variables:
 * AWS's own, API_KEY, and ID_TOKEN or ACCESS_TOKEN.
 */
export function curl(route: Route, url: URL, region: string, headers: Header[], signed: boolean): string {
  const parts = ["curl -i"];
  if (/[[\]{}]/.test(url.href)) parts.push("--globoff");
  if (route.method === "HEAD") parts.push("--head"); // with -X, curl would wait for a body
  else if (route.method !== "GET") parts.push(`-X ${quoted(route.method)}`);
  if (signed) {
    parts.push(`--aws-sigv4 ${quoted(`aws:amz:${region}:execute-api`)}`);
    parts.push('--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"', '-H "x-amz-security-token: $AWS_SESSION_TOKEN"');
  }
  for (const { name } of headers) {
    if (name === "x-api-key") parts.push('-H "x-api-key: $API_KEY"');
    if (name === "authorization" && !signed) parts.push(`-H "authorization: $${route.scopes?.length ? "ACCESS" : "ID"}_TOKEN"`);
  }
  return [...parts, quoted(url.href)].join(" \\\n  ");
}

/** As a word of a POSIX shell. */
const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
