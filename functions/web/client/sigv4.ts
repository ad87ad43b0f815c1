import { hex, sha256, utf8, type Bytes } from "./encoding";

// Signature Version 4, which proves to AWS that a request was made by who holds a secret
// access key, and was not changed on its way, without sending the key:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html.
// The service writes the request down in the same way, signs it with its own copy of the
// key, and compares. So both must write it to the letter the same: the canonical request.

export interface Unsigned {
  method: string;
  url: URL;
  /** Names in any case; host, x-amz-date and x-amz-security-token are added. All are signed. */
  headers?: Record<string, string>;
  body?: string;
}

export interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
  /** Of temporary credentials. It goes along and is signed. */
  sessionToken?: string;
}

export interface Scope {
  region: string;
  service: string;
  /** Milliseconds since 1970, by the services' clock. */
  at: number;
}

export interface Signed {
  /** To be sent in place of the one given: its query is encoded as it was signed. */
  url: URL;
  /** All that were signed but host, which the browser sends by itself, and authorization. */
  headers: Record<string, string>;
  canonicalRequest: string;
  stringToSign: string;
  credentialScope: string;
  signedHeaders: string;
  signature: string;
}

const algorithm = "AWS4-HMAC-SHA256";

export async function sign(request: Unsigned, keys: Keys, { region, service, at }: Scope): Promise<Signed> {
  const date = new Date(at).toISOString().replace(/[-:]|\.\d+/g, ""); // 20260901T120000Z
  const url = new URL(request.url);
  const query = parameters(url.search);
  url.search = queryOf(query);
  url.hash = "";

  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers ?? {})) headers[name.toLowerCase()] = value;
  headers["x-amz-date"] = date;
  if (keys.sessionToken !== undefined) headers["x-amz-security-token"] = keys.sessionToken;
  const all: Record<string, string> = { ...headers, host: url.host };
  const names = Object.keys(all).sort();
  const signedHeaders = names.join(";");

  const canonicalRequest = [
    request.method,
    canonicalPath(url.pathname),
    queryOf([...query].sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))), // by name, then by value
    ...names.map((name) => `${name}:${canonicalValue(all[name] ?? "")}`),
    "",
    signedHeaders,
    hex(await sha256(request.body ?? "")),
  ].join("\n");

  // The key is derived for one day, region and service, so that a service that verifies
  // knows no more than it needs.
  const credentialScope = [date.slice(0, 8), region, service, "aws4_request"].join("/");
  const stringToSign = [algorithm, date, credentialScope, hex(await sha256(canonicalRequest))].join("\n");
  let key = utf8(`AWS4${keys.secretAccessKey}`);
  for (const part of credentialScope.split("/")) key = await hmac(key, part);
  const signature = hex(await hmac(key, stringToSign));

  headers["authorization"] = `${algorithm} Credential=${keys.accessKeyId}/${credentialScope}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  return { url, headers, canonicalRequest, stringToSign, credentialScope, signedHeaders, signature };
}

/** RFC 2104, over SHA-256. */
async function hmac(key: Bytes, message: string): Promise<Bytes> {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, utf8(message)));
}

/** AWS's UriEncode of one byte: letters, digits and -._~ stay, all others are %XX in capitals. */
function uriEncode(byte: number): string {
  const letter = String.fromCharCode(byte);
  return /[\w.~-]/.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

/**
 * The path as it is sent, encoded once more: a browser has encoded it already, and every
 * service but Amazon S3 wants it twice. What URL gives is ASCII, without dot segments.
 */
const canonicalPath = (path: string): string => path.replace(/[^/]/g, (letter) => uriEncode(letter.charCodeAt(0)));

/**
 * The names and values of a query, each encoded in the one way. They are sent like that
 * too: who reads them anew cannot read them otherwise. A + stands for a blank, as in forms.
 */
function parameters(query: string): (readonly [name: string, value: string])[] {
  const encoded = (part: string) =>
    part.replace(/%([0-9a-f]{2})|[^]/gi, (found, code: string | undefined) =>
      found === "+" ? "%20" : uriEncode(code === undefined ? found.charCodeAt(0) : parseInt(code, 16)));
  return query.replace(/^\?/, "").split("&").filter((pair) => pair !== "").map((pair) => {
    const [name = "", ...value] = pair.split("=");
    return [encoded(name), encoded(value.join("="))] as const;
  });
}

const queryOf = (pairs: (readonly [string, string])[]): string => pairs.map((pair) => pair.join("=")).join("&");

/** By code points, as bytes compare; encoded texts are ASCII. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Without blanks around it, and with one in place of many. */
const canonicalValue = (value: string): string => value.trim().replace(/ +/g, " ");
