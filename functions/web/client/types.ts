// What the parts of the client tell one another. It has no code: `session`, `call` and
// the view agree here on what they hand over, and on nothing else.

/** The body of /config.json: what the stack tells the client. It holds no secret. */
export interface Config {
  region: string;
  /** The address of this page, which is registered with the hosted sign-in; ends with a slash. */
  webUrl: string;
  apiUrl: string;
  /** Tells clients apart, for the usage plan. Everybody who opens the page gets it. */
  apiKey: string;
  userPoolId: string;
  userPoolClientId: string;
  identityPoolId: string;
  /** Base of /oauth2/authorize, /oauth2/token, /oauth2/revoke and /logout. */
  hostedUiUrl: string;
  /** What an ID token must name as iss. */
  issuer: string;
  /** The endpoint of Amazon Cognito's identity pools, without a path. */
  cognitoIdentityUrl: string;
  /** Whether who has not signed in gets credentials too. */
  guests: boolean;
  routes: Route[];
}

/** A route that the page has a button for. */
export interface Route {
  method: string;
  path: string;
  authorization: "NONE" | "AWS_IAM" | "COGNITO_USER_POOLS";
  apiKeyRequired: boolean;
  /** AWS_IAM: whether guests may call, too. */
  guests?: boolean;
  /** COGNITO_USER_POOLS with scopes takes an access token, without any an ID token. */
  scopes?: string[];
}

/** Who has signed in, as the ID token says. */
export interface Account {
  sub: string;
  username: string;
  email?: string;
  groups: string[];
}

/** Temporary credentials of the identity pool. */
export interface Credentials {
  identityId: string;
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  /** Milliseconds since 1970, by the services' clock. */
  expires: number;
}

/** A fault that the page has words for. */
export type Fault =
  | { kind: "unreachable"; what: "api" | "sign-in" | "identity-pool" } // no answer
  | { kind: "configuration"; detail: string } // /config.json is not there, or is none
  | { kind: "foreign-callback" } // a state that this tab did not send, or a nonce that is another's
  | { kind: "used-callback" } // a code that was used or is too old
  | { kind: "sign-in-refused"; error: string; description: string } // what the hosted sign-in said
  | { kind: "session-ended" } // the refresh token was revoked, or is too old
  | { kind: "sign-out-unfinished" } // the page forgot who was in; the hosted session goes on, as the sign-in does not answer
  | { kind: "guests-refused" } // the identity pool takes no guests
  | { kind: "refused"; service: string; error: string; description: string };

/** The one owner of who is in. All tokens and credentials stay inside it. */
export interface Session {
  /** undefined: a guest. */
  readonly account: Account | undefined;
  /** Whether somebody has signed in in another tab, which this tab can follow without a password. */
  readonly elsewhere: boolean;
  /** Reads what the address and the storage hold: a callback, a session from before a reload. */
  start(): Promise<Fault | undefined>;
  /** Leaves for the hosted sign-in; once a sign-out that is unfinished is done, if there is one. */
  signIn(): Promise<void>;
  /**
   * Forgets who is in, tells the other tabs, revokes the refresh token, and leaves for the
   * hosted sign-out. Where the sign-in does not answer, onChange hears "sign-out-unfinished";
   * it is tried again when the network is back, when the page is opened again, and by calling
   * this again.
   */
  signOut(): Promise<void>;
  /** Credentials of the account or of a guest, renewed before they end. It throws a Problem. */
  credentials(): Promise<Credentials>;
  /** A token of the account, renewed before it ends; undefined for a guest. It throws a Problem. */
  token(use: "id" | "access"): Promise<string | undefined>;
  /** Calls back when the account, or elsewhere, has changed; fault says why, where it was not asked for. */
  onChange(then: (fault?: Fault) => void): void;
}

/** An Error that holds a Fault. */
export interface Problem extends Error {
  readonly fault: Fault;
}

/** A request as it was sent, and the answer. */
export interface Exchange {
  route: Route;
  request: {
    method: string;
    url: string;
    /** In the order of sending; a value that is a secret is shortened already. */
    headers: { name: string; value: string; secret: boolean }[];
    /** Where it was signed with Signature Version 4. The session token in it is shortened. */
    signing?: { canonicalRequest: string; stringToSign: string; credentialScope: string; signedHeaders: string };
    /** A command that sends it again; secrets stand as names of environment variables. */
    curl: string;
  };
  response: {
    status: number;
    statusText: string;
    headers: { name: string; value: string }[];
    body: string;
    /** Milliseconds. */
    took: number;
    /** x-amzn-errortype, without what follows a colon. */
    errorType?: string;
    requestId?: string;
    /** Seconds, of the header Retry-After. */
    retryAfter?: number;
  };
  /** What the answer means: see words. */
  decision: Decision;
  /** Who it was sent as; undefined for a route without a signature. */
  as?: { identityId: string; /** as the answer tells it, if it does */ arn?: string; role?: string; expires: number; /** when the answer came, by the same clock as expires */ at: number };
}

/** What came of a request. */
export type Decision =
  | "allowed"
  | "not-permitted" // 403 AccessDeniedException: the role's policies do not allow it
  | "no-credentials" // 403 MissingAuthenticationTokenException, 401 UnauthorizedException
  | "bad-signature" // 403 InvalidSignatureException, IncompleteSignatureException, …
  | "expired" // 403 ExpiredTokenException, 401 The incoming token has expired
  | "bad-key" // 403 ForbiddenException
  | "throttled" // 429 TooManyRequestsException
  | "quota" // 429 LimitExceededException
  | "failed"; // 5xx, and what is none of these

/** Sends a request to a route as who is in. It throws a Problem when there is no answer. */
export type Call = (route: Route) => Promise<Exchange>;
