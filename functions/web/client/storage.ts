import { jsonObject, text } from "./encoding";
import type { Pending } from "./oauth";
import { Failure } from "./problem";

/** What outlives a reload of a session. */
export interface Kept {
  id: string;
  refresh: string;
}

// eslint-disable-next-line no-restricted-globals -- for what is no secret, and is about the browser as a whole
const lasting = () => localStorage;

/**
 * What this tab keeps over a reload, in sessionStorage: no other tab gets it, and it goes
 * when the tab is closed. (A browser that duplicates a tab copies it; the copy then is a
 * sign-in of its own, which a client that rotates its refresh tokens ends at its first
 * refresh.)
 *
 * Kept are the ID and the refresh token. Whoever gets code into the page can read them, as
 * they could read anything in its memory, and could call the API from within the page
 * anyway; against that stands the Content-Security-Policy, not the place of a token. What
 * a reload can get anew stays in memory alone: the access token and the credentials.
 *
 * One thing is for all tabs, and outlives them, in localStorage, as the hosted session does
 * that it is about: that a sign-out is not finished. It says of nobody who it was.
 *
 * The names begin with the page's address, since all stages of an API share an origin.
 */
export class Storage {
  constructor(private readonly address: string) {}

  get session(): Kept | undefined {
    const { id, refresh } = jsonObject(this.get("session"));
    return text(id) && text(refresh) ? { id: text(id), refresh: text(refresh) } : undefined;
  }

  set session(kept: Kept | undefined) {
    this.set("session", kept && JSON.stringify(kept));
  }

  /** The guest's identity: credentials are renewed for the same one, as long as the tab lives. */
  get guest(): string | undefined {
    return this.get("guest") || undefined;
  }

  set guest(identityId: string | undefined) {
    this.set("guest", identityId);
  }

  /** Whether somebody has signed out here whose hosted session could not be ended yet. */
  get leaving(): boolean {
    return this.get("sign-out", lasting) !== "";
  }

  set leaving(is: boolean) {
    this.set("sign-out", is ? "unfinished" : undefined, lasting);
  }

  /** Notes a sign-in that begins. It throws where the browser keeps nothing: nobody could come back. */
  begin(pending: Pending): void {
    const noted = JSON.stringify(pending);
    this.set("sign-in", noted);
    if (this.get("sign-in") !== noted) {
      throw new Failure({ kind: "refused", service: "browser", error: "NoStorage", description: "This browser lets the page keep nothing, and so nobody sign in. Allow it to keep site data." });
    }
  }

  /**
   * The sign-in that this tab began with this state, once: a second answer to it finds
   * "used", and one to any other "foreign", which leaves the one that is under way.
   */
  take(state: string): Pending | "used" | "foreign" {
    const pending = jsonObject(this.get("sign-in"));
    if (state && pending["state"] === state) {
      this.set("sign-in", undefined);
      this.set("used", state);
      return { state, nonce: text(pending["nonce"]), verifier: text(pending["verifier"]) };
    }
    return state && this.get("used") === state ? "used" : "foreign";
  }

  private get(name: string, place = () => sessionStorage): string {
    try {
      return place().getItem(`${this.address} ${name}`) ?? "";
    } catch {
      return ""; // the browser keeps nothing for this page
    }
  }

  private set(name: string, value: string | undefined, place = () => sessionStorage): void {
    try {
      if (value === undefined) place().removeItem(`${this.address} ${name}`);
      else place().setItem(`${this.address} ${name}`, value);
    } catch {
      // The browser keeps nothing for this page: a reload ends the session.
    }
  }
}
