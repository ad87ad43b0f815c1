// The few encodings that OAuth and Signature Version 4 are written in.

const encoder = new TextEncoder();

/** Bytes of WebCrypto, which takes none that other threads could change. */
export type Bytes = Uint8Array<ArrayBuffer>;

export const utf8 = (text: string): Bytes => encoder.encode(text);

export const hex = (bytes: Bytes): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Base64 whose letters mean nothing in an address, without padding: RFC 4648, section 5. */
export const base64url = (bytes: Bytes): string =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** The text that base64url holds. It throws when there is none. */
export function fromBase64url(text: string): string {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(binary, (letter) => letter.charCodeAt(0)));
}

export const sha256 = async (text: string): Promise<Bytes> => new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text)));

/** The value when it is an object, {} otherwise: what came from elsewhere is never trusted to be any. */
export const object = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

/** The object that a JSON text holds, {} when it holds none. */
export function jsonObject(json: string): Record<string, unknown> {
  try {
    return object(JSON.parse(json));
  } catch {
    return {};
  }
}

/** The value when it is a text, "" otherwise. */
export const text = (value: unknown): string => (typeof value === "string" ? value : "");
