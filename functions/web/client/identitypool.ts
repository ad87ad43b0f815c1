import type { Clock } from "./clock";
import { jsonObject, object, text } from "./encoding";
import { ask } from "./http";
import { Failure } from "./problem";
import type { Config, Credentials } from "./types";

// Amazon Cognito identity pools change an ID token, or nothing for a guest, for temporary
// credentials of an IAM role, in two steps (the enhanced flow):
// https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html.
// Neither request is signed: this is where who has no credentials gets them.

/** An ID token by the name of the user pool that gave it; undefined for a guest. */
export type Logins = Record<string, string> | undefined;

/** What the identity pool knows the user pool by: its issuer without the scheme. */
export const logins = (config: Config, idToken: string | undefined): Logins =>
  idToken === undefined ? undefined : { [config.issuer.replace("https://", "")]: idToken };

/**
 * The identity of these logins: always the same of a user, a new one of each guest.
 * https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html
 */
export async function getId(config: Config, clock: Clock, who: Logins): Promise<string> {
  return text((await call(config, clock, "GetId", { IdentityPoolId: config.identityPoolId, Logins: who }))["IdentityId"]);
}

/**
 * An hour's credentials for an identity.
 * https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetCredentialsForIdentity.html
 */
export async function getCredentials(config: Config, clock: Clock, identityId: string, who: Logins): Promise<Credentials> {
  const answer = await call(config, clock, "GetCredentialsForIdentity", { IdentityId: identityId, Logins: who });
  const got = object(answer["Credentials"]);
  const credentials = {
    identityId: text(answer["IdentityId"]),
    accessKeyId: text(got["AccessKeyId"]),
    secretAccessKey: text(got["SecretKey"]),
    sessionToken: text(got["SessionToken"]),
    expires: Number(got["Expiration"]) * 1000, // it comes as seconds since 1970
  };
  if (!credentials.secretAccessKey || !credentials.expires) throw refused("InvalidResponse", "The answer lacks credentials.");
  return credentials;
}

/** AWS's JSON protocol: one address, the operation in a header, an error's name in __type. */
async function call(config: Config, clock: Clock, operation: string, input: object): Promise<Record<string, unknown>> {
  const answer = await ask(clock, "identity-pool", new URL("/", config.cognitoIdentityUrl), {
    method: "POST",
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `AWSCognitoIdentityService.${operation}` },
    body: JSON.stringify(input),
  });
  const output = jsonObject(answer.body);
  if (answer.status === 200) return output;
  const error = text(output["__type"]).replace(/^.*#/, "") || String(answer.status);
  const description = text(output["message"]) || text(output["Message"]);
  if (error === "NotAuthorizedException" && description.startsWith("Unauthenticated access")) throw new Failure({ kind: "guests-refused" });
  throw refused(error, description);
}

const refused = (error: string, description: string) => new Failure({ kind: "refused", service: "identity-pool", error, description });
