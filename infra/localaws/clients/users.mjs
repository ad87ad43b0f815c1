// The users of amazon-cognito-identity-js, whose methods take callbacks.
import { AuthenticationDetails, CognitoUser, CognitoUserPool } from 'amazon-cognito-identity-js';
import { site } from './lib.mjs';

// storage is one of our own for each user: there is no window to keep tokens in.
function storage() {
  const kept = new Map();
  return {
    getItem: (key) => (kept.has(key) ? kept.get(key) : null),
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
    clear: () => kept.clear(),
  };
}

export function newUser(Username) {
  const Storage = storage();
  const Pool = new CognitoUserPool({ UserPoolId: site.userPoolId, ClientId: site.userPoolClientId, endpoint: site.awsEndpoint, Storage });
  return new CognitoUser({ Username, Pool, Storage });
}

// callback runs a method that reports to a callback(error, result).
export const callback = (run) => new Promise((resolve, reject) => {
  run((error, result) => (error ? reject(error) : resolve(result)));
});

// listener runs a method that reports to an object with onSuccess and onFailure.
export const listener = (run, more = {}) => new Promise((resolve, reject) => {
  const also = Object.fromEntries(Object.entries(more).map(([name, handle]) => [name, (...args) => resolve(handle(...args))]));
  run({ onSuccess: resolve, onFailure: reject, ...also });
});

// The library takes two seconds for Secure Remote Password, so that not everybody here
// signs in by it.
export const srp = 'USER_SRP_AUTH';
export const plain = 'USER_PASSWORD_AUTH';

// signIn signs in, or answers what one of the callbacks in more returns.
export function signIn(user, Username, Password, flow = plain, more = {}) {
  user.setAuthenticationFlowType(flow);
  return listener((on) => user.authenticateUser(new AuthenticationDetails({ Username, Password }), on), more);
}
