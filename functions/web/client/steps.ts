// The way of a request, step by step: what will happen, or what has happened.

import { el } from "./dom";
import { sign } from "./drawings";
import type { Account, Route } from "./types";
import type { Step } from "./words";

const order: Step[] = ["who", "credentials", "signature", "decision", "function"];

type State = "ahead" | "done" | "skipped" | "ended" | "unreached";

const told: Record<State, string> = { ahead: "", done: "done", skipped: "not needed", ended: "ended here", unreached: "not reached" };

function steps(account: Account | undefined, by: Route["authorization"]): Record<Step, [string, string]> {
  if (by === "NONE") {
    return {
      who: ["Sign-in", "This door does not ask who you are."],
      credentials: ["Credentials", "So no keys have to be fetched."],
      signature: ["Signature", "And nothing has to be signed."],
      decision: ["Decision", "Everyone may call this route. If it wants an API key, the API looks at that, and at the limits of the key’s plan."],
      function: ["Function", "The code behind the door runs, and answers."],
    };
  }
  const token = by === "COGNITO_USER_POOLS";
  return {
    who: account
      ? ["Sign-in", `You signed in as ${account.username}. The sign-in gave this page a token: a sealed note that says who you are.`]
      : ["Sign-in", "You have not signed in, so you are a guest. Who signs in gets a token: a sealed note that says who they are."],
    credentials: ["Credentials", token ? "The token itself is sent. No credentials are needed."
      : `The identity pool ${account ? "takes the token" : "knows you as a guest"}, and hands out a pair of keys that works for an hour. They stand for a role: a list of what you may do.`],
    signature: ["Signature", token ? "A token is sent as it is, over an encrypted line." : "Your browser signs the request with the secret key. The key itself is never sent."],
    decision: ["Decision", token ? "The API checks the token’s seal, and for whom it is." : "The API checks the signature, and asks IAM, AWS’s book of rules: may this role call this route?"],
    function: ["Function", "Only now does code run. It finds out who calls, and answers."],
  };
}

/** The steps of a request to a route; without end, of one that is yet to come. */
export function way(account: Account | undefined, route?: Route, end?: { step: Step; tone: string }): HTMLElement {
  const by = route?.authorization ?? "AWS_IAM", words = steps(account, by), last = end && order.indexOf(end.step);
  const item = (step: Step, i: number): HTMLElement => {
    const skipped = (by === "NONE" && i < 3) || (by === "COGNITO_USER_POOLS" && (i === 1 || i === 2));
    const state: State = last === undefined ? (route && skipped ? "skipped" : "ahead")
      : i === last && end?.tone !== "open" ? "ended" : i > last ? "unreached" : skipped ? "skipped" : "done";
    return el("li", { class: state, "aria-current": state === "ended" ? "step" : undefined },
      el("span", { class: "mark" }, state === "done" ? sign("yes") : state === "ended" ? sign("no") : String(i + 1)),
      el("h3", {}, words[step][0], told[state] !== "" && el("small", {}, ` ${state === "done" && i === 0 && !account ? "as a guest" : told[state]}`)),
      el("p", {}, words[step][1]));
  };
  return el("ol", { class: "way" }, ...order.map(item));
}
