// The answer, large: what it says, what it means, and what may be done next.

import { el, put, say, type Child } from "./dom";
import { rope, sign } from "./drawings";
import type { Exchange, Route } from "./types";
import { duration, label, quote, status, type Next, type Words } from "./words";

/** What the buttons say. */
export const offers: Record<Next, string> = { "sign-in": "Sign in", "sign-out": "Finish signing out", again: "Ask again", reload: "Load the page again" };

/** The place of the answer. then does what was offered. */
export class Answer {
  readonly #place: HTMLElement;
  readonly #then: (next: Next) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(place: HTMLElement, then: (next: Next) => void) {
    this.#place = place;
    this.#then = then;
  }

  /** Before any request; without a door there will be none. */
  empty(doors: boolean): void {
    clearTimeout(this.#timer);
    this.#show("idle", false, el("h2", { tabindex: "-1" }, doors ? "Which door?" : "No doors yet"),
      el("p", {}, doors ? "Choose one above. The answer shows up here." : "No route of this API has a button here. Who runs it chooses them in the stack file, under web.routes."));
  }

  waiting(route: Route): void {
    clearTimeout(this.#timer);
    const slow = el("p", {}, "Waiting for the answer.");
    this.#show("wait", false, el("h2", { tabindex: "-1" }, `Asking ${route.method} ${route.path} …`), slow);
    say(`Asking ${label(route)}.`);
    this.#timer = setTimeout(() => {
      slow.textContent = "Still waiting. A function that has been idle takes a moment to start.";
      say(slow.textContent);
    }, 3000);
  }

  /** What came of a request, or why there was none. */
  came(words: Words, x?: Exchange): void {
    clearTimeout(this.#timer);
    const theirs = x ? quote(x) : "";
    const text = words.text.filter((line) => line !== "");
    const failed = x?.decision === "failed" && x.response.requestId;
    this.#show(words.tone, words.tone === "open",
      x && el("p", { class: "facts" }, el("b", {}, sign(words.tone === "open" ? "yes" : "no"), ` ${status(x)}`), ` · ${label(x.route)} · ${String(Math.max(1, Math.round(x.response.took)))} ms`),
      el("h2", { tabindex: "-1" }, words.title),
      ...text.map((line) => el("p", {}, line)),
      failed && el("p", {}, "Who runs this API can find it in the log by its request ID: ", el("code", {}, failed)),
      theirs !== "" && el("figure", {}, el("figcaption", {}, words.tone === "open" ? "The function’s answer" : "The API’s own words"), el("blockquote", {}, theirs)),
      words.next && this.#offer(words.next, x?.decision === "throttled" ? x.response.retryAfter ?? 0 : 0));
    say([x ? `${status(x)}.` : "", /[.!?]$/.test(words.title) ? words.title : words.title + ".", ...(words.tone === "open" ? [] : text)].join(" ").trim());
  }

  /** A button for what may be done next; after seconds, if it is too early now. */
  #offer(next: Next, seconds: number): HTMLElement {
    const button = el("button", { class: next === "sign-in" ? "main" : "quiet", type: "button", click: () => { if (button.ariaDisabled !== "true") this.#then(next); } }, offers[next]);
    if (seconds <= 0) return el("p", { class: "next" }, button);
    // The number changes for the eyes; screen readers hear the beginning and the end.
    const left = el("span", { "aria-hidden": "true" }), until = Date.now() + seconds * 1000;
    const tick = (): void => {
      const rest = Math.ceil((until - Date.now()) / 1000);
      left.textContent = rest > 0 ? `in ${duration(rest)}` : "";
      if (rest > 0) { this.#timer = setTimeout(tick, 250); return; }
      button.ariaDisabled = null;
      hint.textContent = "";
      say("You can ask again now.");
    };
    const hint = el("span", { class: "unseen" }, ` You can ask again in ${duration(seconds)}.`);
    button.ariaDisabled = "true";
    tick();
    return el("p", { class: "next" }, button, left, hint);
  }

  #show(tone: string, open: boolean, ...children: Child[]): void {
    const had = this.#place.contains(document.activeElement);
    this.#place.className = tone;
    put(this.#place, rope(open), el("div", {}, ...children));
    // What was pressed may be gone: the keyboard goes on from the heading.
    if (had) this.#place.querySelector("h2")?.focus({ preventScroll: true });
    if (tone !== "idle") this.#place.scrollIntoView({ block: "nearest" });
  }
}
