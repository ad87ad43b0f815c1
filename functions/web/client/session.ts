import { begin, type Arrival } from "./callback";
import type { Clock } from "./clock";
import { readConfig } from "./config";
import { readIdToken, type Expected, type Identity } from "./idtoken";
import { getCredentials, getId, logins } from "./identitypool";
import { answers, authorizeUrl, logoutUrl, redeem, refresh, revoke, type Grant, type Pending } from "./oauth";
import { random } from "./pkce";
import { Failure, faultOf, refusedWith } from "./problem";
import { Storage } from "./storage";
import { Tabs, type Word } from "./tabs";
import type { Account, Config, Credentials, Fault, Session } from "./types";

/** Something that ends, in milliseconds since 1970 by the services' clock. */
interface Ending {
  expires: number;
}

interface Token extends Ending {
  value: string;
}

/**
 * Who is in, with all that goes with it. It is replaced as a whole, so that what was
 * asked for one account and arrives after a sign-out can never reach the next one.
 */
interface Holder {
  account?: Account;
  id?: Token;
  access?: Token;
  refresh?: string;
  identityId?: string;
  credentials?: Credentials;
  refreshing?: Promise<void> | undefined;
  renewing?: Promise<void> | undefined;
}

/** How long before their end tokens and credentials are renewed, when they are asked for. */
const margin = 60_000;

/** Milliseconds that a sign-out waits for each answer. The page has forgotten who was in by then. */
const patience = 3000;

/** The one owner of who is in: see Session. */
export class Sessions implements Session {
  elsewhere = false;
  private holder: Holder = {};
  /** Whether a sign-out is not finished: the hosted session goes on. */
  private leaving: boolean;
  /** Whose refresh token is still to be revoked. */
  private left: Holder | undefined;
  private finishing: Promise<void> | undefined;
  /** Where the page goes on from a sign-out: after # of its address. */
  private onward = "";
  private changed: ((fault?: Fault) => void)[] = [];
  private readonly storage: Storage;
  private readonly tabs: Tabs;

  constructor(private readonly config: Config, private readonly clock: Clock, private readonly arrival?: Arrival) {
    this.storage = new Storage(config.webUrl);
    this.tabs = new Tabs(config.webUrl, (word) => { this.heard(word); });
    this.leaving = this.storage.leaving;
    addEventListener("online", () => {
      // One that is under way may have begun too early.
      Promise.resolve(this.finishing).then(() => this.leaving ? this.finish() : undefined).catch(reportError);
    });
    addEventListener("storage", () => { // another tab finished it, or has one that is unfinished
      const was = this.leaving;
      this.leaving = this.storage.leaving;
      if (was && !this.leaving) this.notify();
    });
  }

  get account(): Account | undefined {
    return this.holder.account;
  }

  onChange(then: (fault?: Fault) => void): void {
    this.changed.push(then);
  }

  async start(): Promise<Fault | undefined> {
    this.resume();
    let fault: Fault | undefined;
    try {
      await this.arrive();
    } catch (thrown) {
      fault = faultOf(thrown);
    }
    if (!this.account) this.tabs.tell("who");
    if (this.leaving) this.finish().catch(reportError);
    return fault;
  }

  async signIn(): Promise<void> {
    if (this.leaving) {
      // The hosted session would let in whoever presses the button, as whoever was in before.
      this.onward = begin;
      await this.finish();
      return;
    }
    if (!this.here()) {
      // The hosted sign-in leads back to webUrl alone, and what this tab keeps for another
      // origin is not seen there: so it begins there.
      location.assign(`${this.config.webUrl}#${begin}`);
      return;
    }
    const pending: Pending = { state: random(), nonce: random(), verifier: random() };
    this.storage.begin(pending);
    location.assign(await authorizeUrl(this.config, pending));
  }

  async signOut(): Promise<void> {
    if (!this.leaving) {
      this.left = this.holder;
      this.leave();
      this.leaves(true);
      this.tabs.tell("out");
    }
    await this.finish();
  }

  /**
   * Ends the hosted session. A page cannot but go there, and would be lost with what it has to
   * say if nobody answered: so it goes when somebody does.
   */
  private finish(): Promise<void> {
    this.finishing ??= this.end().finally(() => { this.finishing = undefined; });
    return this.finishing;
  }

  private async end(): Promise<void> {
    const { config, left } = this;
    // A revocation that is slow goes on by itself: see keepalive.
    const late = new Promise<boolean>((then) => { setTimeout(then, patience, false); });
    const answered = (left && await Promise.race([this.revoked(left), late])) || await answers(config, patience);
    if (answered) this.left = undefined;
    if (!this.leaving) return; // another tab has finished it, or somebody is in
    if (!answered) {
      this.onward = "";
      this.notify({ kind: "sign-out-unfinished" });
      return;
    }
    this.leaves(false);
    // What stands after # stays in the address on the way there and back.
    location.assign(`${logoutUrl(config)}${this.onward && `#${this.onward}`}`);
  }

  private leaves(is: boolean): void {
    this.leaving = this.storage.leaving = is;
  }

  /** Ends a session where it is kept, so that nobody goes on with its tokens; tells whether that was answered. */
  private async revoked(was: Holder): Promise<boolean> {
    // A refresh under way may bring the refresh token that is to be revoked.
    await was.refreshing?.catch(ignored);
    return was.refresh !== undefined && revoke(this.config, this.clock, was.refresh).then(() => true, () => false);
  }

  async credentials(): Promise<Credentials> {
    const who = this.holder;
    if (!this.fresh(who.credentials)) {
      who.renewing ??= this.renew(who).finally(() => { who.renewing = undefined; });
      await this.unless(who.renewing, () => who.credentials);
    }
    // Somebody else may be in by now.
    return this.holder === who && who.credentials ? who.credentials : this.credentials();
  }

  async token(use: "id" | "access"): Promise<string | undefined> {
    const who = this.holder;
    if (!who.account) return undefined;
    if (!this.fresh(who[use])) await this.unless(this.refreshed(who), () => who[use]);
    const token = who[use];
    return this.holder === who && token ? token.value : this.token(use);
  }

  /** Takes note that a service called a token or credentials ended: they are not handed out again. */
  ended(what: Credentials | string): void {
    const who = this.holder;
    if (who.id?.value === what) delete who.id;
    if (who.access?.value === what) delete who.access;
    if (who.credentials === what) delete who.credentials;
  }

  /** Whether the page is shown at the address that the hosted sign-in leads back to. */
  private here(): boolean {
    return location.origin + location.pathname === this.config.webUrl;
  }

  /** Takes up what a reload has left. A token that has ended is refreshed when it is needed. */
  private resume(): void {
    const kept = this.storage.session;
    if (!kept) return;
    try {
      const { account, expires } = readIdToken(kept.id, this.config, {});
      this.holder = { account, id: { value: kept.id, expires }, refresh: kept.refresh };
    } catch {
      this.storage.session = undefined; // it is another stack's, or nobody's
    }
  }

  /** Ends a sign-in that the address tells of. */
  private async arrive(): Promise<void> {
    const { arrival } = this;
    if (!arrival) return;
    if (arrival.kind === "begin") {
      if (!this.account && this.here()) await this.signIn();
      return;
    }
    const pending = this.storage.take(arrival.state);
    // Nothing of an address that somebody else may have made is used or shown.
    if (pending === "foreign") throw new Failure({ kind: "foreign-callback" });
    if (pending === "used") throw new Failure({ kind: "used-callback" });
    if (arrival.kind === "error") throw new Failure({ kind: "sign-in-refused", error: arrival.error, description: arrival.description });
    const grant = await redeem(this.config, this.clock, arrival.code, pending.verifier);
    const who: Holder = {};
    await this.take(who, grant, { nonce: pending.nonce });
    this.enter(who);
    this.tabs.tell("in");
  }

  /** Puts the tokens of a grant into a holder, once they are checked. */
  private async take(who: Holder, grant: Grant, expected: Expected): Promise<void> {
    const read = () => readIdToken(grant.id, this.config, { ...expected, now: this.clock.now() });
    let identity: Identity;
    try {
      identity = read();
    } catch {
      // The token endpoint does not let pages of other origins read its Date: before a
      // token is refused, config.json tells the time.
      await readConfig(this.clock);
      identity = read();
    }
    const { account, expires } = identity;
    who.account = account;
    who.id = { value: grant.id, expires };
    who.access = { value: grant.access, expires: this.clock.now() + grant.expiresIn * 1000 };
    if (grant.refresh !== undefined) who.refresh = grant.refresh; // the first one, or a rotated one
  }

  private enter(who: Holder): void {
    this.holder = who;
    this.elsewhere = false;
    this.leaves(false); // whoever is in now has shown who they are
    this.keep(who);
  }

  private keep({ id, refresh }: Holder): void {
    this.storage.session = id && refresh !== undefined ? { id: id.value, refresh } : undefined;
  }

  /** Becomes a guest. */
  private leave(fault?: Fault): void {
    this.storage.session = undefined;
    this.holder = {};
    this.elsewhere = false;
    this.notify(fault);
  }

  private notify(fault?: Fault): void {
    for (const then of this.changed) then(fault);
  }

  private heard(word: Word): void {
    if (word === "who" && this.account) this.tabs.tell("in");
    if (word === "in" && !this.account && !this.elsewhere) {
      this.elsewhere = true;
      this.notify();
    }
    if (word === "out" && (this.account || this.elsewhere)) {
      const was = this.holder;
      this.leave();
      this.revoked(was).catch(reportError);
    }
  }

  private fresh(what: Ending | undefined): boolean {
    return what !== undefined && this.clock.now() < what.expires - margin;
  }

  /** Waits for a renewal. What is good for a moment still does when that cannot be reached. */
  private async unless(renewal: Promise<void>, left: () => Ending | undefined): Promise<void> {
    try {
      await renewal;
    } catch (thrown) {
      const rest = left();
      if (faultOf(thrown).kind !== "unreachable" || !rest || this.clock.now() >= rest.expires) throw thrown;
    }
  }

  /** Refreshes the tokens, once at a time: with rotation, a second one would use a token that was used. */
  private refreshed(who: Holder): Promise<void> {
    who.refreshing ??= this.refresh(who).finally(() => { who.refreshing = undefined; });
    return who.refreshing;
  }

  private async refresh(who: Holder): Promise<void> {
    try {
      const grant = await refresh(this.config, this.clock, who.refresh ?? "");
      await this.take(who, grant, who.account ? { sub: who.account.sub } : {});
      if (this.holder === who) this.keep(who);
    } catch (thrown) {
      const fault = faultOf(thrown);
      if (fault.kind === "session-ended" && this.holder === who) this.leave(fault);
      throw thrown;
    }
  }

  /** Gets new credentials, for the identity that the holder had before. */
  private async renew(who: Holder): Promise<void> {
    if (who.account && !this.fresh(who.id)) await this.refreshed(who);
    try {
      await this.exchange(who);
    } catch (thrown) {
      // The identity pool no longer takes the token: it was revoked, or ended by another
      // clock. The refresh token tells whether the session is over.
      if (!who.account || !refusedWith(thrown, "NotAuthorizedException")) throw thrown;
      await this.refreshed(who);
      await this.exchange(who);
    }
  }

  private async exchange(who: Holder): Promise<void> {
    const { config, clock, storage } = this;
    const login = logins(config, who.id?.value);
    const known = who.account ? who.identityId : storage.guest;
    if (known !== undefined) {
      try {
        who.credentials = await getCredentials(config, clock, known, login);
        return;
      } catch (thrown) {
        if (!refusedWith(thrown, "ResourceNotFoundException")) throw thrown; // the identity was deleted
      }
    }
    const identityId = await getId(config, clock, login);
    who.credentials = await getCredentials(config, clock, identityId, login);
    if (who.account) who.identityId = identityId;
    else storage.guest = identityId;
  }
}

const ignored = () => undefined;
