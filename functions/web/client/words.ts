// What the page says: the words for every answer and every fault. It touches no page.

import type { Account, Exchange, Fault, Route } from "./types";

/** What may be done next. */
export type Next = "sign-in" | "sign-out" | "again" | "reload";

/** The steps of a request, in their order; see steps.ts. */
export type Step = "who" | "credentials" | "signature" | "decision" | "function";

export interface Words {
  /** open: let in. closed: refused, as the rules say. broken: something does not work. */
  tone: "open" | "closed" | "broken";
  title: string;
  text: string[];
  next?: Next;
  /** Where the request ended. */
  step: Step;
}

/** The name on a route's button. */
export function label(route: Route): string {
  const known: Record<string, string> = { "/no-auth": "No Auth", "/require-auth": "Req. Auth" };
  return known[route.path] ?? route.path;
}

/** A duration in words: 45 seconds, 12 minutes, 3 hours. */
export function duration(seconds: number): string {
  const units: [number, string][] = [[86400, "day"], [3600, "hour"], [60, "minute"]];
  for (const [size, name] of units) {
    const n = Math.round(seconds / size);
    if (seconds >= size * 1.5 || n * size === seconds) return counted(n, name);
  }
  return counted(Math.round(seconds), "second");
}

const counted = (n: number, name: string): string => `${String(n)} ${name}${n === 1 ? "" : "s"}`;

/** A status in full, such as 403 Forbidden. HTTP/2 sends the number alone. */
export const status = ({ response: { status, statusText } }: Exchange): string =>
  status === 0 ? "A redirect" : `${String(status)} ${statusText || (reasons[status] ?? "")}`.trim(); // browsers do not tell which

const reasons: Record<number, string> = {
  200: "OK", 201: "Created", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 413: "Content Too Large",
  415: "Unsupported Media Type", 429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
};

/** A time of day, with the day where it is not today. */
export function moment(at: number, now: number): string {
  const date = new Date(at);
  const day: Intl.DateTimeFormatOptions = date.toDateString() === new Date(now).toDateString() ? {} : { weekday: "long", day: "numeric", month: "long" };
  return date.toLocaleString("en-GB", { ...day, hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
}

/** The sentence in an answer: its message where it is JSON that has one, else all of it. */
export function sentence(body: string): string {
  try {
    const answer: unknown = JSON.parse(body);
    if (typeof answer === "object" && answer !== null) {
      for (const [key, value] of Object.entries(answer)) {
        if (["message", "Message", "error"].includes(key) && typeof value === "string") return value;
      }
      return "";
    }
    return String(answer);
  } catch {
    return body.trim();
  }
}

/** The sentence in an answer, where it can be shown large. */
function headline(x: Exchange): string {
  const said = sentence(x.response.body);
  return said.length <= 100 ? said : "";
}

/** What an answer says beside its headline: of a refusal, AWS's own words. */
export function quote(x: Exchange): string {
  return x.decision === "allowed" && headline(x) !== "" ? "" : sentence(x.response.body);
}

/** What came of a request, for who sent it. */
export function ofAnswer(x: Exchange, account: Account | undefined, now: number): Words {
  const { retryAfter } = x.response;
  switch (x.decision) {
    case "allowed":
      return {
        tone: "open", step: "function", title: headline(x) || "You are in",
        text: [x.route.authorization === "NONE" ? "This door asks nobody who they are. Everyone gets this answer."
          : x.route.authorization === "AWS_IAM" ? `The API checked the signature, and ${account ? "your role" : "the guest role"} may call this route. Then the function ran, and answered.`
          : "The API checked your token. Then the function ran, and answered."],
      };
    case "not-permitted":
      if (x.route.authorization !== "AWS_IAM" || byTheAPI(x)) {
        return { tone: "closed", step: "decision", title: "Not from here", text: [`${x.route.authorization === "AWS_IAM" ? "Your role is not in question." : "This door does not ask for a role."} What refused the request is the API’s own policy: as a rule it says from which network addresses the API may be called.`, "The function never ran."] };
      }
      return account
        ? { tone: "closed", step: "decision", title: "Not for your role", text: ["You are signed in, and the signature is right. But your role may not call this route. Your role is what AWS knows you as; it lists what you may do.", "The function never ran. Who runs this API can let you in, by adding you to a group that may."] }
        : { tone: "closed", step: "decision", title: "Not for guests", text: ["Your credentials are a guest’s. The guest role may not call this route. A role lists what its holder may do.", "The API stopped the request here. The function behind the door never ran."], next: "sign-in" };
    case "no-credentials":
      if (account && x.route.authorization === "COGNITO_USER_POOLS") {
        const { scopes = [] } = x.route;
        return { tone: "closed", step: "decision", title: "Your token was not taken", next: "sign-in", text: [
          scopes.length > 0 ? `This door wants an access token with the scope ${scopes.join(" or ")}. Yours may have none: scopes are what this page may ask for at the sign-in.` : "The API looked at the token that was sent, and did not accept it.",
          "The API does not say why. Who signs in again gets a new token."] };
      }
      return account
        ? { tone: "closed", step: "decision", title: "The API saw no proof", text: ["It found nothing in the request that says who sent it. It says the same of an address that it does not have.", "The route may have been taken away. Load the page again to get the list of today."], next: "reload" }
        : { tone: "closed", step: x.route.authorization === "AWS_IAM" ? "credentials" : "who", title: "Sign in first", next: "sign-in",
            text: [x.route.authorization === "AWS_IAM" ? "This door wants a signature. Guests get no credentials here, so there was nothing to sign with."
              : "This door wants a token: a note from the sign-in that says who you are. A guest has none, so nothing was sent along."] };
    case "bad-signature":
      return { tone: "closed", step: "signature", title: "The signature does not fit", text: [clock(x, now), "If the clock is right, something between this page and the API may have changed the request."], next: "again" };
    case "expired":
      return { tone: "closed", step: "credentials", title: "Your pass had run out", text: ["Credentials and tokens last for about an hour. Those that were sent had ended. Ask again: the page gets new ones."], next: "again" };
    case "bad-key":
      if (!x.route.apiKeyRequired) return { tone: "closed", step: "decision", title: "The API turned it away", text: ["Who you are is not in question. The API, or a firewall before it, does not take this request, and says no more than that."], next: "again" };
      return { tone: "closed", step: "decision", title: "The API key was not taken", text: ["Who you are is not in question. The key says which plan this page counts on, and the API does not know the one that was sent. It may have been changed or switched off.", "Load the page again to get the key of today."], next: "reload" };
    case "throttled":
      return { tone: "closed", step: "decision", title: "A little too fast", text: ["This page’s plan allows so many requests a second. This one was too many, and was turned away. Nothing is broken.", retryAfter ? "" : "Wait a second or two, then ask again."], next: "again" };
    case "quota":
      return { tone: "closed", step: "decision", title: "The allowance is used up", text: ["This page’s plan allows a number of requests for each day, week or month, and they are spent. All who use this page share them.",
        retryAfter ? `It starts anew in ${duration(retryAfter)}, at ${moment(now + retryAfter * 1000, now)}.`
          : "The API does not say when it starts anew. A daily allowance does at midnight UTC, a weekly one when the week turns, a monthly one on the first."], };
    case "failed":
      return failed(x.response.status);
  }
}

/** Whether it was the API's resource policy that refused, and not the policies of a role: AWS ends its sentence with the kind. */
const byTheAPI = (x: Exchange): boolean => / (in a resource-based policy|because no resource-based policy allows .*)$/.test(sentence(x.response.body));

function failed(status: number): Words {
  const words = { tone: "broken", step: "function", next: "again" } as const;
  if (status === 0) return { tone: "broken", step: "function", title: "The answer leads elsewhere", text: ["You were let in. The function behind the door answered with another address to go to. This page does not go there: keys and tokens would go along."] };
  if (status === 504) return { ...words, title: "No answer in time", text: ["You were let in. But the function behind the door took longer than the API waits, which is 29 seconds."] };
  if (status >= 500) return { ...words, title: "Something broke inside", text: ["You were let in. But the function behind the door failed. You did nothing wrong."] };
  return { ...words, step: "decision", title: "The API did not take it", text: [`It answered ${String(status)}. That is no question of who you are: it did not like the request itself.`] };
}

/** Words on the clock, by the time in the answer where it has one. */
function clock(x: Exchange, now: number): string {
  const asks = "A signature holds the time. The API refuses one that is more than five minutes off.";
  const date = Date.parse(x.response.headers.find((h) => h.name.toLowerCase() === "date")?.value ?? "");
  const off = Math.abs(now - date) / 1000;
  if (Number.isNaN(off)) return `${asks} This device says that it is ${moment(now, now)}. Is it?`;
  if (off < 240) return `${asks} But this device’s clock is right.`;
  return `${asks} This device’s clock is ${duration(off)} ${now < date ? "slow" : "fast"}. Set it right, then ask again.`;
}

/** What a fault means. */
export function ofFault(fault: Fault): Words {
  switch (fault.kind) {
    case "unreachable":
      return {
        api: { tone: "broken", step: "decision", title: "The API does not answer", text: ["The request got no reply at all. Is this device online? On a machine of your own: does the local AWS run? The command “make up” starts it."], next: "again" },
        "sign-in": { tone: "broken", step: "who", title: "The sign-in does not answer", text: ["The service that signs people in gave no reply. Is this device online? You can go on as a guest meanwhile."], next: "again" },
        "identity-pool": { tone: "broken", step: "credentials", title: "No credentials for now", text: ["The identity pool, which hands out credentials, gave no reply. So nothing could be signed, and nothing was sent to the API."], next: "again" },
      }[fault.what] as Words;
    case "configuration":
      return { tone: "broken", step: "who", title: "This page does not know its API yet", text: ["It asks the server for its settings (config.json), and got none that it can use. Run “make up” for this stack, which writes them, and load the page again.", fault.detail], next: "reload" };
    case "foreign-callback":
      return { tone: "closed", step: "who", title: "That sign-in was not begun here", text: ["The sign-in came back with an answer to a question that this tab did not ask. To be safe, it was thrown away. Nobody was signed in.", "A link from somebody else does this, or a tab that was open for long."], next: "sign-in" };
    case "used-callback":
      return { tone: "closed", step: "who", title: "That sign-in was used already", text: ["The code in the address works once, and for five minutes. Going back in the browser, or opening an old link, brings it up again."], next: "sign-in" };
    case "sign-in-refused":
      return { tone: "closed", step: "who", title: "The sign-in said no", text: [fault.description || "It gave no reason.", `It calls this “${fault.error}”.`], next: "sign-in" };
    case "session-ended":
      return { tone: "closed", step: "who", title: "You have been signed out", text: ["Your session has ended: it was too old, or somebody ended it, maybe you on another device. You are a guest again."], next: "sign-in" };
    case "sign-out-unfinished":
      return { tone: "broken", step: "who", title: "You are not signed out everywhere yet", text: ["This page has forgotten you. But the sign-in, which remembers you too, does not answer. Until it has forgotten you, whoever uses this browser could get in as you, without a password.", "The page goes on with it when the network is back. Where others use this device, wait for that."], next: "sign-out" };
    case "guests-refused":
      return { tone: "closed", step: "credentials", title: "No credentials for guests", text: ["This door wants a signature, and the identity pool hands out the credentials for it. Here it has none for guests. So nothing was sent to the API."], next: "sign-in" };
    case "refused": {
      const named: Record<string, string> = { "sign-in": "The sign-in", "identity-pool": "The identity pool", browser: "This browser" };
      return { tone: "broken", step: fault.service === "identity-pool" ? "credentials" : "who", title: `${named[fault.service] ?? fault.service} said no`, text: [fault.description || "It gave no reason.", `It calls this “${fault.error}”.`], next: fault.service === "browser" ? "reload" : "again" };
    }
  }
}
