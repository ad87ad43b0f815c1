// amazon-cognito-identity-js with a second factor: a software token.
import { createHmac } from 'node:crypto';
import { calls, provider, refused, say, site } from './lib.mjs';
import { sign } from './sign-smithy.mjs';
import { callback, listener, newUser, plain, signIn } from './users.mjs';

// code is what an authenticator app shows (RFC 6238), so many steps of 30 s from now.
function code(secret, later) {
  const bits = [...secret].map((digit) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(digit).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + later));
  const digest = createHmac('sha1', key).update(counter).digest();
  const number = digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff;
  return String(number % 1000000).padStart(6, '0');
}

const user = newUser(site.demoUser);
await signIn(user, site.demoUser, site.demoPassword);
const secret = await new Promise((associateSecretCode, onFailure) => {
  user.associateSoftwareToken({ associateSecretCode, onFailure });
});
const none = ['000000', '111111', '222222', '333333'].find((other) => ![-1, 0, 1, 2].some((later) => code(secret, later) === other));
const verify = (digits) => listener((on) => user.verifySoftwareToken(digits, 'phone', on));
await refused('setting up with another code', verify(none));
await verify(code(secret, 0));
say('setUserMfaPreference', { body: await callback((done) => user.setUserMfaPreference(null, { PreferredMfa: true, Enabled: true }, done)) });

// A code is good once, so that the next one is a later one.
const asked = () => signIn(user, site.demoUser, site.demoPassword, plain, { totpRequired: (challenge) => challenge });
say('totpRequired', { body: await asked() });
const send = (digits) => listener((on) => user.sendMFACode(digits, on, 'SOFTWARE_TOKEN_MFA'));
await refused('another code', send(none));
await asked();
const session = await send(code(secret, 1));
const { preferredMfaSetting } = await new Promise((resolve, reject) => {
  user.getUserData((error, data) => (error ? reject(error) : resolve({ preferredMfaSetting: data.PreferredMfaSetting })), { bypassCache: true });
});
say('the preferred factor', { body: preferredMfaSetting });
await calls({ user: await provider(session.getIdToken().getJwtToken())(), guest: await provider()(), sign });
