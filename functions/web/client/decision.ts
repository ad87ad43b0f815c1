import { jsonObject, object, text } from "./encoding";
import type { Answer } from "./http";
import type { Decision } from "./types";

// What API Gateway says by an answer: the status, x-amzn-errortype, and the message.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html

/** x-amzn-errortype, without what follows a colon (some services add an address there). */
export const errorType = (answer: Answer): string | undefined => answer.headers.get("x-amzn-errortype")?.split(":")[0];

/** The message of an error; denials of IAM write it with a capital. */
export function message(answer: Answer): string {
  const body = jsonObject(answer.body);
  return text(body["message"]) || text(body["Message"]);
}

const decisions = new Map<string | undefined, Decision>(Object.entries({
  AccessDeniedException: "not-permitted",
  MissingAuthenticationTokenException: "no-credentials",
  UnauthorizedException: "no-credentials",
  InvalidSignatureException: "bad-signature",
  IncompleteSignatureException: "bad-signature",
  UnrecognizedClientException: "bad-signature",
  InvalidClientTokenId: "bad-signature",
  ExpiredTokenException: "expired",
  ForbiddenException: "bad-key",
  TooManyRequestsException: "throttled",
  LimitExceededException: "quota",
}));

/** An error without a type is the function's own answer: the gateway has let the request in. */
export function decide(answer: Answer): Decision {
  if (answer.status >= 200 && answer.status < 400) return "allowed";
  if (answer.status === 401 && tokenEnded(answer)) return "expired";
  return (answer.status < 500 && decisions.get(errorType(answer))) || "failed";
}

/** The Cognito authorizer's word for a token that has ended; any other fault of one is "Unauthorized". */
const tokenEnded = (answer: Answer): boolean => message(answer) === "The incoming token has expired";

/** Whether the request was dated by another clock than the service's. */
export const isSkewed = (answer: Answer): boolean =>
  errorType(answer) === "InvalidSignatureException" && /^Signature (expired|not yet current)/.test(message(answer));

/** Whether other credentials, or another token, could change the answer. */
export const isStale = (answer: Answer): boolean =>
  decide(answer) === "expired" || ["UnrecognizedClientException", "InvalidClientTokenId"].includes(errorType(answer) ?? "");

/** The ARN of the caller: a denial names it, and the article's functions answer it. */
export const callerArn = (answer: Answer): string | undefined =>
  /^User: (arn:[^ ]+) is not authorized/.exec(message(answer))?.[1] ?? (text(object(jsonObject(answer.body)["caller"])["arn"]) || undefined);
