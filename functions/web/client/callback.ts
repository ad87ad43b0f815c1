import { text } from "./encoding";

/** What the address brought: the end of a sign-in, or the wish to begin one here. */
export type Arrival =
  | { kind: "code"; code: string; state: string }
  | { kind: "error"; error: string; description: string; state: string }
  | { kind: "begin" };

/** After # of an address of this page that is to begin a sign-in. */
export const begin = "sign-in";

/**
 * Takes out of the address bar what a sign-in brought there, so that it is neither kept
 * in the history, nor sent on as a referrer, nor taken twice by a reload. It is to run
 * before anything else does.
 */
export function takeArrival(): Arrival | undefined {
  const query = new URLSearchParams(location.search);
  const given = (name: string) => text(query.get(name));
  const code = given("code");
  const error = given("error");
  const state = given("state");
  const begins = location.hash === `#${begin}`;
  if (!code && !error && !begins) return undefined;
  history.replaceState(null, "", location.pathname);
  if (error) return { kind: "error", error, description: given("error_description"), state };
  return code ? { kind: "code", code, state } : { kind: "begin" };
}
