// amazon-cognito-identity-js, which signs in by Secure Remote Password.
import { CognitoUserAttribute } from 'amazon-cognito-identity-js';
import { calls, mailed, provider, refused, say, site } from './lib.mjs';
import { sign } from './sign-smithy.mjs';
import { callback, listener, newUser, signIn, srp } from './users.mjs';

const demo = newUser(site.demoUser);
await refused('a wrong password', signIn(demo, site.demoUser, 'wrongPASS123', srp));
const session = await signIn(demo, site.demoUser, site.demoPassword, srp);
const idToken = session.getIdToken().getJwtToken();
await calls({ user: await provider(idToken)(), guest: await provider()(), sign });

// The session that is kept is used until it ends, and renewed by the refresh token.
const kept = await callback((done) => demo.getSession(done));
say('getSession keeps the tokens', { body: String(kept.getIdToken().getJwtToken() === idToken && kept.isValid()) });
const renewed = await callback((done) => demo.refreshSession(session.getRefreshToken(), done));
say('refreshSession renews them', { body: String(renewed.isValid() && renewed.getIdToken().getJwtToken() !== idToken) });
const attributes = await callback((done) => demo.getUserAttributes(done));
say('getUserAttributes', { body: attributes.find(({ Name }) => Name === 'email').Value });

// Somebody new.
const email = new CognitoUserAttribute({ Name: 'email', Value: 'newcomer@example.com' });
const newcomer = newUser('newcomer');
const signUp = (password) => callback((done) => newcomer.pool.signUp('newcomer', password, [email], null, done));
await refused('a weak password', signUp('weak'));
const signedUp = await signUp('firstPASS123');
say('signUp', { body: signedUp.user.getUsername() });
await refused('signing in before the code', signIn(newcomer, 'newcomer', 'firstPASS123'));
await callback((done) => newcomer.resendConfirmationCode(done));
await refused('another code', callback((done) => newcomer.confirmRegistration('not-it', true, done)));
say('confirmRegistration', { body: await callback(async (done) => newcomer.confirmRegistration(await mailed('newcomer'), true, done)) });
await signIn(newcomer, 'newcomer@example.com', 'firstPASS123'); // by the address that the code verified
say('changePassword', { body: await callback((done) => newcomer.changePassword('firstPASS123', 'secondPASS123', done)) });
await refused('the password of before', signIn(newcomer, 'newcomer', 'firstPASS123'));
const sent = await listener((on) => newcomer.forgotPassword(on));
say('forgotPassword', { body: sent.CodeDeliveryDetails.Destination });
await refused('resetting by another code', listener((on) => newcomer.confirmPassword('000-000', 'thirdPASS123', on)));
say('confirmPassword', { body: await listener(async (on) => newcomer.confirmPassword(await mailed('newcomer'), 'thirdPASS123', on)) });
const before = await signIn(newcomer, 'newcomer', 'thirdPASS123');
say('globalSignOut', { body: await listener((on) => newcomer.globalSignOut(on)) });
// The library asks again for some seconds, whatever the error is: the answer is looked at
// last.
const refreshing = callback((done) => newcomer.refreshSession(before.getRefreshToken(), done));
refreshing.catch(() => {}); // by whoever awaits it

// Somebody invited has to choose a password.
const invited = newUser('invited');
const missing = await signIn(invited, 'invited', site.temporaryPassword, srp, {
  newPasswordRequired: (known, required) => ({ known: known.email, required }),
});
say('newPasswordRequired', { body: JSON.stringify(missing) });
await refused('a weak password of one\'s own', listener((on) => invited.completeNewPasswordChallenge('weak', {}, on)));
const own = await listener((on) => invited.completeNewPasswordChallenge('ownPASS123', {}, on));
say('completeNewPasswordChallenge', { body: own.getIdToken().decodePayload()['cognito:username'] });

// Signing out revokes the refresh token, and with it what it gave.
await callback((done) => demo.signOut(done));
await refused('credentials after signOut', provider(idToken)());
await refused('refreshing after globalSignOut', refreshing);
