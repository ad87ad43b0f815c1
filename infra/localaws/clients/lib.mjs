// What the programs share: what they are told on standard input, how they say what
// they saw (a line of JSON a step on standard output), and the calls that each makes.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { fromCognitoIdentityPool } from '@aws-sdk/credential-providers';

export const site = JSON.parse(readFileSync(0, 'utf8'));

// say reports a step. Tokens, credentials and codes are never reported.
export function say(step, { status, type, body } = {}) {
  process.stdout.write(JSON.stringify({ step, status, type: type || undefined, body }) + '\n');
}

// refused reports the error that a service answered with, as the client names it.
export async function refused(step, promise) {
  try {
    await promise;
  } catch (error) {
    say(step, { type: error.name, body: error.message });
    return;
  }
  say(step, { body: 'was not refused' });
}

// mailed returns the code that was mailed last to a user.
export async function mailed(username) {
  const answer = await fetch(`${site.awsEndpoint}/_local/mailbox?to=${encodeURIComponent(username)}`);
  const { messages } = await answer.json();
  return messages.at(-1).code;
}

// provider is the SDK's provider of a user's credentials, or of a guest's.
export function provider(idToken) {
  return fromCognitoIdentityPool({
    clientConfig: { region: site.region, endpoint: site.awsEndpoint },
    identityPoolId: site.identityPoolId,
    logins: idToken && { [site.provider]: idToken },
  });
}

// send sends a request as it is, and reads the answer. Unlike fetch it leaves the path
// and the query as they are written.
export function send({ method = 'GET', path, headers, body }) {
  const at = new URL(site.apiUrl);
  return new Promise((resolve, reject) => {
    const request = http.request({ host: at.hostname, port: at.port, method, path, headers, agent: false }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('error', reject);
      answer.on('end', () => resolve({
        status: answer.statusCode, type: answer.headers['x-amzn-errortype'], body: Buffer.concat(parts).toString(),
      }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

// below is the path of a route as it stands in a request.
export const below = (path) => new URL(site.apiUrl).pathname + path;

export const withKey = { 'x-api-key': site.apiKey };

function changed(authorization) {
  return authorization.slice(0, -1) + (authorization.endsWith('0') ? '1' : '0');
}

// calls goes through the API. sign(credentials, request) returns the request with its
// headers signed; transport sends it.
export async function calls({ user, guest, sign, transport = send }) {
  const open = { path: below('/no-auth') };
  const guarded = { path: below('/require-auth') };
  const keyed = (request) => ({ ...request, headers: { ...request.headers, ...withKey } });
  say('GET /no-auth with the key', await transport(keyed(open)));
  say('GET /require-auth signed, with the key', await transport(await sign(user, keyed(guarded))));
  say('GET /require-auth unsigned', await transport(keyed(guarded)));
  const forged = await sign(user, keyed(guarded));
  const name = Object.keys(forged.headers).find((name) => name.toLowerCase() === 'authorization');
  forged.headers[name] = changed(forged.headers[name]);
  say('GET /require-auth with a changed signature', await transport(forged));
  say('GET /no-auth without the key', await transport(open));
  say('GET /require-auth signed, without the key', await transport(await sign(user, guarded)));
  say('GET /require-auth signed by a guest', await transport(await sign(guest, keyed(guarded))));
}

// signTargets signs and sends each of the targets that the test judges by itself.
export async function signTargets(sign) {
  for (const { method, path, body } of site.targets) {
    const headers = { ...withKey };
    if (body) headers['content-type'] = 'application/json';
    await send(await sign(site.credentials, { method, path: below(path), headers, body }));
  }
}
