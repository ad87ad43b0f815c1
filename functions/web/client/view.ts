// The page: it draws who is in, the doors, the answer and the panel, and passes on what
// is pressed. It knows nothing of tokens and signatures.

import { corner } from "./account";
import { Answer, offers } from "./answer";
import { byId, el, put, say } from "./dom";
import { sign } from "./drawings";
import { panel, type Shown } from "./panel";
import type { Account, Call, Config, Fault, Problem, Route, Session } from "./types";
import { label, ofAnswer, ofFault, type Next, type Words } from "./words";

/** What the page is drawn from. */
export interface Parts {
  config: Config;
  session: Session;
  call: Call;
}

/** Draws the page. open reads the configuration; it throws a Problem. */
export async function view(open: () => Promise<Parts>): Promise<void> {
  const draw = panel(byId("panel"));
  draw({ account: undefined });
  try {
    const parts = await open(), page = new View(parts, draw);
    page.begin(await parts.session.start());
  } catch (error) {
    put(byId("doors"));
    // Without a configuration there is no door and nobody to sign in.
    new Answer(byId("answer"), () => { location.reload(); }).came({ ...wordsOf(error), next: "reload" });
  }
}

/** The words for what was thrown. What is no Problem is a mistake of this page, and is reported as one. */
function wordsOf(error: unknown): Words {
  if (error instanceof Error && "fault" in error) return ofFault((error as Problem).fault);
  reportError(error);
  return { tone: "broken", step: "who", title: "This page made a mistake", text: ["That is not your doing. Load the page again.", String(error)], next: "reload" };
}

/** For an answer to somebody who is not in any more: nobody else is to see it. */
const changedMeanwhile: Words = {
  tone: "closed", step: "who", title: "Who is in has changed", next: "again",
  text: ["You were signed in or out while the answer was on its way. It was for who asked, so it was thrown away. Ask again."],
};

class View {
  readonly #parts: Parts;
  readonly #answer = new Answer(byId("answer"), (next) => { this.#do(next); });
  readonly #draw: (shown: Shown) => void;
  readonly #doors = new Map<Route, { button: HTMLElement; card: HTMLElement; state: HTMLElement }>();
  /** The account that is shown; an empty text is a guest's. */
  #who: string | undefined;
  #busy: Route | undefined;
  #last: Route | undefined;

  constructor(parts: Parts, draw: (shown: Shown) => void) {
    this.#parts = parts;
    this.#draw = draw;
    parts.session.onChange((why) => {
      const had = byId("notice").contains(document.activeElement);
      this.#changed();
      if (why) this.#notice(why, had);
    });
  }

  begin(fault?: Fault): void {
    const { config } = this.#parts;
    put(byId("doors"), ...config.routes.map((route, i) => this.#door(route, `door-${String(i)}`)));
    this.#who = undefined; // the session may have told of an account before there were doors
    this.#changed();
    if (fault) this.#notice(fault);
  }

  /** Draws who is in. What the page shows of another account goes. */
  #changed(): void {
    const { session } = this.#parts, who = session.account?.sub ?? "";
    put(byId("notice"), session.elsewhere && !session.account && notice("You have signed in in another tab", ["You can go on here, without your password."], "Continue here", () => { this.#do("sign-in"); }));
    if (who === this.#who) return;
    this.#who = who;
    corner(byId("corner"), session, (error) => { this.#answer.came(wordsOf(error)); });
    for (const route of this.#doors.keys()) this.#label(route);
    if (!this.#busy) this.#answer.empty(this.#doors.size > 0);
    this.#draw({ account: session.account });
  }

  #notice(fault: Fault, focused = false): void {
    const words = ofFault(fault), next = words.next === "again" ? "reload" : words.next ?? "reload";
    put(byId("notice"), notice(words.title, words.text, offers[next], (button) => {
      if (button.ariaDisabled) return;
      if (next === "sign-out") { // which is over when it leads away, or to another notice
        button.ariaDisabled = "true";
        button.textContent = "Trying …";
      }
      this.#do(next);
    }));
    if (focused) byId("notice").querySelector("button")?.focus(); // in place of the one that was pressed
    say([words.title + ".", ...words.text].join(" "));
  }

  #door(route: Route, id: string): HTMLElement {
    const button = el("button", { type: "button", "aria-describedby": id, click: () => { this.#ask(route).catch(reportError); } },
      ...label(route).split(/(?<=\/)/).flatMap((part) => [part, el("wbr")])); // a long path breaks at its slashes
    const state = el("span", { class: "state" });
    const card = el("div", { class: "door" }, button, el("p", { id }, el("code", {}, label(route) === route.path ? route.method : `${route.method} ${route.path}`), " ", state), sign("go"));
    this.#doors.set(route, { button, card, state });
    return card;
  }

  /** Says what a door wants of who is in. */
  #label(route: Route): void {
    const door = this.#doors.get(route);
    if (!door) return;
    const guest = !this.#parts.session.account;
    const free = route.authorization === "NONE", locked = guest && !free && !route.guests;
    door.card.classList.toggle("locked", locked);
    put(door.state, sign(locked ? "lock" : free || guest ? "open" : "person"), locked ? "Locked for guests. Try it." : free ? "Open to all" : guest ? "Open to guests too" : "Asks who you are");
  }

  async #ask(route: Route): Promise<void> {
    if (this.#busy) return; // one at a time: the answer on the page is that of what was pressed
    this.#busy = this.#last = route;
    this.#mark();
    const account = this.#parts.session.account;
    this.#answer.waiting(route);
    this.#draw({ account, route });
    try {
      const x = await this.#parts.call(route);
      if (this.#parts.session.account?.sub !== account?.sub) {
        this.#came(this.#parts.session.account, route, changedMeanwhile);
        return;
      }
      this.#came(account, route, ofAnswer(x, account, Date.now()), x);
    } catch (error) {
      this.#came(account, route, wordsOf(error));
    } finally {
      this.#busy = undefined;
      this.#mark();
    }
  }

  #came(account: Account | undefined, route: Route, words: Words, exchange?: Shown["exchange"]): void {
    this.#answer.came(words, exchange);
    this.#draw({ account, route, words, exchange });
  }

  /** Marks the doors: which one was asked, and that none takes a second question meanwhile. */
  #mark(): void {
    for (const [route, { button, card }] of this.#doors) {
      card.classList.toggle("asked", route === this.#last);
      button.ariaDisabled = this.#busy ? "true" : null;
    }
  }

  #do(next: Next): void {
    if (next === "reload") location.reload();
    else if (next === "sign-out") this.#parts.session.signOut().catch(reportError);
    else if (next === "sign-in") this.#parts.session.signIn().catch((error: unknown) => { this.#answer.came(wordsOf(error)); });
    else if (this.#last) this.#ask(this.#last).catch(reportError);
  }
}

function notice(title: string, text: string[], offer: string, then: (button: HTMLElement) => void): HTMLElement {
  const button = el("button", { class: "quiet", type: "button", click: () => { then(button); } }, offer);
  return el("section", { class: "note", "aria-label": "Notice" }, el("div", {}, el("h2", {}, title), ...text.map((line) => el("p", {}, line))), button);
}
