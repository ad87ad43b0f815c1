// aws4, with the credentials of the SDK's provider.
import { CognitoIdentityProviderClient, InitiateAuthCommand } from '@aws-sdk/client-cognito-identity-provider';
import { below, calls, provider, say, send, site, withKey } from './lib.mjs';
import { presign, sign } from './sign-aws4.mjs';

const users = new CognitoIdentityProviderClient({ region: site.region, endpoint: site.awsEndpoint });
const { AuthenticationResult: { IdToken } } = await users.send(new InitiateAuthCommand({
  ClientId: site.userPoolClientId, AuthFlow: 'USER_PASSWORD_AUTH', AuthParameters: { USERNAME: site.demoUser, PASSWORD: site.demoPassword },
}));
const user = await provider(IdToken)();
const guest = await provider()();
await calls({ user, guest, sign });
say('GET /require-auth presigned, with the key', await send(presign(user, { path: below('/require-auth'), headers: withKey })));
