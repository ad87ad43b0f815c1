import type { Clock } from "./clock";
import { curl, shorten, shortened, type Header } from "./show";
import { callerArn, decide, errorType, isSkewed, isStale } from "./decision";
import { ask, type Answer } from "./http";
import type { Sessions } from "./session";
import { sign, type Signed } from "./sigv4";
import type { Call, Config, Credentials, Exchange, Route } from "./types";

/** A request that was sent, what it was sent with, and the answer. */
interface Sent {
  url: URL;
  headers: Header[];
  signed?: Signed;
  credentials?: Credentials;
  token?: string;
  answer: Answer;
}

/**
 * Returns what sends requests to the API, each as its route asks for: with the API key,
 * with a signature of the temporary credentials, or with a token. Who has none of these
 * sends the request without, and gets API Gateway's own answer to that.
 *
 * A refusal that this page can mend is mended once, and not shown: a signature that was
 * dated by a wrong clock, and credentials or a token that have ended.
 */
export function newCall(config: Config, session: Sessions, clock: Clock): Call {
  // A page at the API's root calls the API at the address that it was itself opened at:
  // that is of the same origin, whichever of the API's names it has.
  const api = config.webUrl === `${config.apiUrl}/` ? new URL(".", document.baseURI).href.slice(0, -1) : config.apiUrl;
  return async (route) => {
    let sent = await send(route);
    if (isSkewed(sent.answer)) sent = await send(route); // the answer has put the clock right
    const stale = sent.credentials ?? sent.token;
    if (stale !== undefined && isStale(sent.answer)) {
      session.ended(stale);
      sent = await send(route);
    }
    return exchange(route, sent);
  };

  async function send(route: Route): Promise<Sent> {
    const request: Omit<Sent, "answer"> = { url: new URL(api + route.path), headers: [] };
    const add = (name: string, value: string, secret = false) => request.headers.push({ name, value, secret });
    if (route.apiKeyRequired) add("x-api-key", config.apiKey, true);
    if (route.authorization === "AWS_IAM" && (session.account || config.guests)) {
      const credentials = await session.credentials();
      const scope = { region: config.region, service: "execute-api", at: clock.now() };
      const signed = await sign({ method: route.method, url: request.url }, credentials, scope);
      Object.assign(request, { credentials, signed, url: signed.url });
      for (const [name, value] of Object.entries(signed.headers)) add(name, value, name !== "x-amz-date");
    }
    if (route.authorization === "COGNITO_USER_POOLS") {
      // A route without scopes takes the ID token, and one with scopes an access token:
      // https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html
      const token = await session.token(route.scopes?.length ? "access" : "id");
      if (token !== undefined) {
        request.token = token;
        add("authorization", token, true);
      }
    }
    const headers = request.headers.map(({ name, value }): [string, string] => [name, value]);
    return { ...request, answer: await ask(clock, "api", request.url, { method: route.method, headers }) };
  }

  function exchange(route: Route, { url, headers, signed, credentials, answer }: Sent): Exchange {
    const request: Exchange["request"] = {
      method: route.method,
      url: url.href,
      headers: [{ name: "host", value: url.host, secret: false }, ...headers.map(shortened)],
      curl: curl(route, url, config.region, headers, signed !== undefined),
    };
    if (signed && credentials) {
      const { stringToSign, credentialScope, signedHeaders } = signed;
      const canonicalRequest = signed.canonicalRequest.replace(credentials.sessionToken, shorten);
      request.signing = { canonicalRequest, stringToSign, credentialScope, signedHeaders };
    }
    const { status, statusText, body, took } = answer;
    const response: Exchange["response"] = { status, statusText, body, took, headers: Array.from(answer.headers, ([name, value]) => ({ name, value })) };
    const type = errorType(answer);
    if (type !== undefined) response.errorType = type;
    const requestId = answer.headers.get("x-amzn-requestid");
    if (requestId !== null) response.requestId = requestId;
    const retryAfter = Number(answer.headers.get("retry-after") ?? NaN);
    if (retryAfter >= 0) response.retryAfter = retryAfter;

    const result: Exchange = { route, request, response, decision: decide(answer) };
    if (credentials) {
      result.as = { identityId: credentials.identityId, expires: credentials.expires, at: clock.now() };
      const arn = callerArn(answer);
      if (arn !== undefined) {
        result.as.arn = arn;
        const role = /:assumed-role\/([^/]+)\//.exec(arn)?.[1];
        if (role !== undefined) result.as.role = role;
      }
    }
    return result;
  }
}
