import type { Clock } from "./clock";
import { jsonObject, object, text } from "./encoding";
import { ask } from "./http";
import { Failure } from "./problem";
import type { Config } from "./types";

/**
 * Reads config.json beside the page. One artifact serves every stack: what differs
 * between them is told at run time, by the stack that serves the page.
 */
export async function readConfig(clock: Clock): Promise<Config> {
  const answer = await ask(clock, "api", new URL("config.json", document.baseURI));
  if (answer.status !== 200) throw wrong(`it was answered with ${String(answer.status)}`);
  return checked(jsonObject(answer.body));
}

const wrong = (detail: string) => new Failure({ kind: "configuration", detail });

const addresses = ["webUrl", "apiUrl", "hostedUiUrl", "issuer", "cognitoIdentityUrl"];
const texts = ["region", "userPoolId", "userPoolClientId", "identityPoolId"];
const authorizations = ["NONE", "AWS_IAM", "COGNITO_USER_POOLS"];

/** A configuration with a hole would show up as a riddle later on. */
function checked(config: Record<string, unknown>): Config {
  for (const name of texts) {
    if (!text(config[name])) throw wrong(`${name} is missing`);
  }
  for (const name of addresses) {
    if (!/^https?:\/\/[^/]/.test(text(config[name]))) throw wrong(`${name} is no address`);
  }
  if (typeof config["apiKey"] !== "string") throw wrong("apiKey is missing");
  if (typeof config["guests"] !== "boolean") throw wrong("guests is neither true nor false");
  const { routes } = config;
  if (!Array.isArray(routes)) throw wrong("routes is no list");
  for (const { method, path, authorization, apiKeyRequired } of routes.map(object)) {
    const whole = text(method) && text(path).startsWith("/") && typeof apiKeyRequired === "boolean";
    if (!whole || !authorizations.includes(text(authorization))) throw wrong("one of routes is no route");
  }
  return config as unknown as Config;
}
