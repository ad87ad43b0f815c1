// The panel for those who learn: what was sent, what came back, and what decided.

import { el, fold, pairs, put, say, type Child } from "./dom";
import { way } from "./steps";
import type { Account, Exchange, Route } from "./types";
import { duration, moment, status, type Words } from "./words";

/** What the panel shows. Without a route nothing was asked yet. */
export interface Shown {
  account: Account | undefined;
  route?: Route;
  exchange?: Exchange | undefined;
  words?: Words;
}

/** What each decision is, in the terms of who builds an API. */
const verdicts: Record<Exchange["decision"], string> = {
  allowed: "Let in",
  "not-permitted": "Refused: the policies do not allow it",
  "no-credentials": "Refused: no credentials, none that count, or no such route",
  "bad-signature": "Refused: the signature does not verify",
  expired: "Refused: the credentials or the token have ended",
  "bad-key": "Refused: the API key is not valid for this stage, or a firewall stopped it",
  throttled: "Turned away: over the plan’s rate",
  quota: "Turned away: over the plan’s quota",
  failed: "Failed",
};

const wide = matchMedia("(min-width: 64rem)");

/** Makes the panel, and returns what draws it anew. */
export function panel(place: HTMLElement): (shown: Shown) => void {
  const content = el("div", { class: "pages" });
  const details = el("details", { class: "panel", open: wide.matches }, el("summary", {}, el("h2", {}, "Behind the scenes")), content);
  wide.addEventListener("change", () => { details.open ||= wide.matches; });
  put(place, details);
  return (shown) => { put(content, ...pages(shown)); };
}

function pages({ account, route, exchange: x, words }: Shown): Child[] {
  return [
    el("p", { class: "intro" }, words ? "The way your request took:" : route ? "The way your request is taking:" : "The way of a request to a door that asks who you are:"),
    way(account, route, words),
    ...(x ? [request(x), decision(x), x.as && identity(x.as), command(x.request)] : []),
  ];
}

function request({ request: { method, url, headers, signing } }: Exchange): HTMLElement {
  return part("The request, as sent", 
    el("p", { class: "code line" }, el("b", {}, method), " ", url),
    headers.length > 0 && pairs(...headers.map(({ name, value, secret }): [string, Child[]] => [name, [el("code", {}, value), secret && el("small", { class: "tag" }, "secret, shortened")]])),
    signing && fold("What was signed",
      el("p", {}, "Browser and API both write the request down in one agreed form, called canonical. If they differ in one letter, the signatures differ too."),
      el("h4", {}, "Canonical request"), code(signing.canonicalRequest),
      el("p", {}, "A digest of it goes below the time and the scope: day, region and service that the signature is good for."),
      el("h4", {}, "String to sign"), code(signing.stringToSign)));
}

function decision(x: Exchange): HTMLElement {
  const { decision: by, response: r } = x;
  return part("The decision that came back",
    pairs(["Status", status(x)], ["Decision", verdicts[by]], ["AWS calls it", r.errorType && el("code", {}, r.errorType)],
      ["Request ID", r.requestId && el("code", {}, r.requestId)]),
    fold("The whole answer", pairs(...r.headers.map(({ name, value }): [string, Child] => [name, el("code", {}, value)])), code(pretty(r.body) || "(no body)")));
}

function identity(as: NonNullable<Exchange["as"]>): HTMLElement {
  // The page is drawn when the answer has come: so much the device's clock is off.
  const ends = el("span"), end = as.expires - as.at + Date.now();
  const tell = (): void => {
    const left = (end - Date.now()) / 1000;
    ends.textContent = left > 0 ? `in ${duration(left)}, at ${moment(end, Date.now())}` : `ended at ${moment(end, Date.now())}; the next request gets new ones`;
  };
  tell();
  const timer = setInterval(() => { if (ends.isConnected) tell(); else clearInterval(timer); }, 10_000);
  return part("Who it was sent as",
    pairs(["Identity ID", el("code", {}, as.identityId)], ["Role", as.role && el("code", {}, as.role)], ["ARN", as.arn && el("code", {}, as.arn)], ["Credentials end", ends]));
}

function command({ curl, signing }: Exchange["request"]): HTMLElement {
  const text = code(curl), said = el("span", { class: "copied" });
  return part("Send it again, from a terminal",
    el("p", {}, `Secrets stand as names of environment variables: set those first.${signing ? " A signature is good for five minutes, so curl makes one of its own." : ""}`), text,
    el("button", {
      class: "quiet", type: "button", click: () => {
        navigator.clipboard.writeText(curl).then(() => "Copied.", () => {
          getSelection()?.selectAllChildren(text);
          return "The browser does not let this page copy. The command is selected: copy it with the keyboard.";
        }).then((result) => { said.textContent = result; say(result); }, reportError);
      },
    }, "Copy the command"), said);
}

function part(title: string, ...children: Child[]): HTMLElement {
  return el("section", {}, el("h3", {}, title), ...children);
}

function code(text: string): HTMLElement { return el("pre", {}, el("code", {}, text)); }

function pretty(body: string): string {
  try { return JSON.stringify(JSON.parse(body), undefined, 2); } catch { return body; }
}
