// The AWS SDK for JavaScript: user pool client, credential provider and signer.
import {
  ChangePasswordCommand, CognitoIdentityProviderClient, ConfirmForgotPasswordCommand, ConfirmSignUpCommand, ForgotPasswordCommand,
  GetUserCommand, GlobalSignOutCommand, InitiateAuthCommand, RevokeTokenCommand, SignUpCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { below, calls, mailed, provider, refused, say, send, site, withKey } from './lib.mjs';
import { presign, sign } from './sign-smithy.mjs';

const users = new CognitoIdentityProviderClient({ region: site.region, endpoint: site.awsEndpoint });
const ClientId = site.userPoolClientId;

async function signIn(USERNAME, PASSWORD) {
  const out = await users.send(new InitiateAuthCommand({ ClientId, AuthFlow: 'USER_PASSWORD_AUTH', AuthParameters: { USERNAME, PASSWORD } }));
  return out.AuthenticationResult;
}

// fetched sends by the fetch of the platform, which names the host by itself.
async function fetched({ method, path, headers: { host, ...headers } = {}, body }) {
  const answer = await fetch(new URL(path, site.apiUrl), { method, headers, body });
  return { status: answer.status, type: answer.headers.get('x-amzn-errortype'), body: await answer.text() };
}

await refused('a wrong password', signIn(site.demoUser, 'wrongPASS123'));
const tokens = await signIn(site.demoUser, site.demoPassword);
const user = await provider(tokens.IdToken)();
say('identity', { body: user.identityId });
const guest = await provider()();
await calls({ user, guest, sign, transport: fetched });
say('GET /require-auth presigned, with the key', await send(await presign(user, { path: below('/require-auth'), headers: withKey })));

await refused('a weak password', users.send(new SignUpCommand({ ClientId, Username: 'newcomer', Password: 'weak' })));
await users.send(new SignUpCommand({
  ClientId, Username: 'newcomer', Password: 'firstPASS123', UserAttributes: [{ Name: 'email', Value: 'newcomer@example.com' }],
}));
await refused('signing in before the code', signIn('newcomer', 'firstPASS123'));
await refused('another code', users.send(new ConfirmSignUpCommand({ ClientId, Username: 'newcomer', ConfirmationCode: 'not-it' })));
await users.send(new ConfirmSignUpCommand({ ClientId, Username: 'newcomer', ConfirmationCode: await mailed('newcomer') }));
const newcomer = await signIn('newcomer', 'firstPASS123');
await users.send(new ChangePasswordCommand({ AccessToken: newcomer.AccessToken, PreviousPassword: 'firstPASS123', ProposedPassword: 'secondPASS123' }));
await refused('the password of before', signIn('newcomer', 'firstPASS123'));
await users.send(new ForgotPasswordCommand({ ClientId, Username: 'newcomer' }));
await users.send(new ConfirmForgotPasswordCommand({ ClientId, Username: 'newcomer', ConfirmationCode: await mailed('newcomer'), Password: 'thirdPASS123' }));
const again = await signIn('newcomer', 'thirdPASS123');
const { Username } = await users.send(new GetUserCommand({ AccessToken: again.AccessToken }));
say('GetUser', { body: Username });

const refresh = (REFRESH_TOKEN) => users.send(new InitiateAuthCommand({ ClientId, AuthFlow: 'REFRESH_TOKEN_AUTH', AuthParameters: { REFRESH_TOKEN } }));
await refresh(tokens.RefreshToken);
await users.send(new RevokeTokenCommand({ ClientId, Token: tokens.RefreshToken }));
await refused('refreshing after RevokeToken', refresh(tokens.RefreshToken));
await users.send(new GlobalSignOutCommand({ AccessToken: again.AccessToken }));
await refused('GetUser after GlobalSignOut', users.send(new GetUserCommand({ AccessToken: again.AccessToken })));
await refused('credentials after RevokeToken', provider(tokens.IdToken)());
