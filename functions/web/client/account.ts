// The corner of the page: who is in, and the way in and out.

import { el, pairs, put } from "./dom";
import { sign } from "./drawings";
import type { Session } from "./types";

/** Draws the corner for who is in. fail is told what goes wrong on the way in or out. */
export function corner(place: HTMLElement, session: Session, fail: (error: unknown) => void): void {
  const { account } = session;
  if (!account) {
    put(place, el("span", { class: "guest" }, sign("person"), "Guest"),
      el("button", { class: "main", type: "button", click: () => { session.signIn().catch(fail); } }, "Sign In"));
    return;
  }
  const identity = el("span", {}, "being asked for …");
  // Below its button, and to its right edge, as far as the window is wide enough.
  const settle = (): void => {
    const { right, bottom } = button.getBoundingClientRect(), { clientWidth } = document.documentElement;
    menu.style.top = `${String(bottom + scrollY + 8)}px`;
    menu.style.right = `${String(Math.min(clientWidth - right, clientWidth - menu.offsetWidth - 16))}px`;
  };
  const menu = el("div", {
    id: "account", popover: true, role: "group", "aria-label": "Account",
    toggle: (event) => {
      if ((event as ToggleEvent).newState !== "open") { removeEventListener("resize", settle); return; }
      settle();
      addEventListener("resize", settle);
      session.credentials().then(({ identityId }) => { put(identity, el("code", {}, identityId)); }, () => { put(identity, "not to be had now"); });
    },
  },
    el("p", {}, "Signed in as"), el("p", { class: "name" }, account.username),
    pairs(["Email", account.email], ["Groups", account.groups.join(", ") || "none"], ["Identity ID", identity]),
    el("p", { class: "hint" }, "The identity ID is how the API’s AWS account knows you."),
    el("button", { class: "quiet", type: "button", click: () => { session.signOut().catch(fail); } }, "Sign Out"));
  const button = el("button", { class: "who", type: "button", popovertarget: "account" },
      el("span", { class: "face", "aria-hidden": "true" }, Array.from(account.username).slice(0, 1).join("").toUpperCase()), el("span", { class: "unseen" }, "Account: "), el("span", { class: "named" }, account.username), sign("down"));
  put(place, button, menu);
}
