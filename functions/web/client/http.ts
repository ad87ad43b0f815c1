import type { Clock } from "./clock";
import { Failure } from "./problem";

export interface Answer {
  status: number;
  statusText: string;
  headers: Headers;
  body: string;
  /** Milliseconds. */
  took: number;
}

/** Whom a request goes to, as faults name it. */
export type Whom = "api" | "sign-in" | "identity-pool";

/** Seconds until a request is given up. API Gateway itself waits 29 s for a function. */
const patience = { api: 32, "sign-in": 15, "identity-pool": 15 };

/**
 * Sends a request and reads the whole answer. It throws "unreachable" when there is
 * none: the network is down, the answer took too long, or the browser kept it from the
 * page (it does not tell a page which).
 *
 * No cookie goes along, no cache is asked, and no redirect is followed: it would carry
 * keys and tokens to an address that nobody chose.
 */
export async function ask(clock: Clock, whom: Whom, address: string | URL, request: RequestInit = {}): Promise<Answer> {
  const start = performance.now();
  try {
    const response = await fetch(address, {
      credentials: "omit", cache: "no-store", redirect: "manual", referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(patience[whom] * 1000), ...request,
    });
    const body = await response.text();
    clock.learn(response.headers);
    const { status, statusText, headers } = response;
    return { status, statusText, headers, body, took: performance.now() - start };
  } catch {
    throw new Failure({ kind: "unreachable", what: whom });
  }
}
