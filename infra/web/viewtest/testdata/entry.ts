// The page with a session and an API of the test's own: what they hold and answer stands
// in /dev/scenario.json, and the test has `fake` to lead them by.

import type { Account, Config, Exchange, Fault, Session } from "../../../../functions/web/client/types";
import { view } from "../../../../functions/web/client/view";

interface Scenario {
  config: Config;
  noConfig?: Fault; // thrown in place of a configuration
  account?: Account;
  elsewhere?: boolean;
  start?: Fault;
  skew?: number; // of the services' clock against the device's, in milliseconds
  hold?: boolean; // answers wait for fake.answer()
  answers: Record<string, { exchange?: Exchange; fault?: Fault; mistake?: string }[]>;
}

// Time stands still until the test moves it.
let now = 0;
const timers = new Map<number, { at: number; then: () => void }>();
const real = { now: Date.now(), setTimeout: globalThis.setTimeout.bind(globalThis) };
Date.now = () => real.now + now;
globalThis.setTimeout = ((then: () => void, after = 0) => {
  const id = timers.size + 1;
  timers.set(id, { at: now + after, then });
  return id;
}) as unknown as typeof setTimeout;
globalThis.clearTimeout = ((id: number | undefined) => {
  const timer = id === undefined ? undefined : timers.get(id);
  if (timer) timer.at = Infinity;
}) as typeof clearTimeout;

const scenario = await (await fetch("scenario.json")).json() as Scenario;
const done: string[] = [];
// What the page reports is kept here, and off the console, which has to stay empty.
addEventListener("error", (event) => { done.push(`reported ${event.message}`); event.preventDefault(); });
let changed: (fault?: Fault) => void = () => { throw new Error("nobody listens to the session"); };
let release: (() => void) | undefined;

function problem(fault: Fault): Error { return Object.assign(new Error(fault.kind), { fault }); }

const session: Session = {
  get account() { return scenario.account; },
  get elsewhere() { return scenario.elsewhere ?? false; },
  start: () => { changed(); return Promise.resolve(scenario.start); },
  signIn: () => { done.push("signIn"); return Promise.resolve(); },
  signOut: () => { done.push("signOut"); return Promise.resolve(); },
  credentials: () => Promise.resolve({ identityId: "us-west-2:1d0e7b1c-5a52-4c4e-8b7a-2f1f3c9f6a11", accessKeyId: "", secretAccessKey: "", sessionToken: "", expires: Date.now() + 3_000_000 }),
  token: () => Promise.resolve(undefined),
  onChange: (then) => { changed = then; },
};

const fake = {
  done,
  /** Lets the held answer come. */
  answer: async () => { release?.(); await fake.settle(); },
  /** Changes who is in, as another tab or the end of a session does. */
  change: async (account: Account | null, fault?: Fault) => { scenario.account = account ?? undefined; changed(fault); await fake.settle(); },
  /** Has somebody sign in in another tab. */
  elsewhere: async () => { scenario.elsewhere = true; changed(); await fake.settle(); },
  advance: async (ms: number) => {
    for (const end = now + ms; now < end;) {
      now += 50;
      for (const timer of timers.values()) if (timer.at <= now) { timer.at = Infinity; timer.then(); }
    }
    await fake.settle();
  },
  settle: () => new Promise<void>((then) => { real.setTimeout(then, 0); }),
};
Object.assign(globalThis, { fake });

await view(() => {
  if (scenario.noConfig) return Promise.reject(problem(scenario.noConfig));
  return Promise.resolve({
    config: scenario.config, session,
    call: async (route) => {
      done.push(`${route.method} ${route.path}`);
      if (scenario.hold) await new Promise<void>((then) => { release = then; });
      const answer = scenario.answers[route.path]?.shift();
      if (!answer) throw new Error(`the scenario has no answer for ${route.path}`);
      if (answer.fault) throw problem(answer.fault);
      if (answer.mistake !== undefined) throw new Error(answer.mistake);
      if (answer.exchange?.as) {
        answer.exchange.as.at = Date.now() + (scenario.skew ?? 0);
        answer.exchange.as.expires = answer.exchange.as.at + 58 * 60_000;
      }
      return answer.exchange as Exchange;
    },
  });
});
document.documentElement.dataset["ready"] = "yes";
