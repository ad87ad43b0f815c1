import { base64url, sha256 } from "./encoding";

// Proof Key for Code Exchange, RFC 7636. The code of a sign-in comes back in the address,
// where others may see it: histories, logs, extensions. So the page makes up a secret, the
// verifier, and shows the hosted sign-in no more than its hash, the challenge. Only who
// knows the verifier can change the code for tokens, which nobody can work out of the
// challenge. A page cannot keep a client secret; this one is new for each sign-in.

/** 256 random bits as 43 letters: a verifier (section 4.1), and good for state and nonce too. */
export const random = (): string => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** The challenge of a verifier, by the method S256 (section 4.2). */
export const challenge = async (verifier: string): Promise<string> => base64url(await sha256(verifier));
