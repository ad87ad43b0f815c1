// The signer aws4.
import aws4 from 'aws4';
import { site } from './lib.mjs';

export function sign(credentials, { method = 'GET', path, headers, body }, signQuery = false) {
  const { host } = new URL(site.apiUrl);
  const request = { host, method, path, headers: { ...headers }, body, service: 'execute-api', region: site.region, signQuery };
  return aws4.sign(request, credentials);
}

export const presign = (credentials, unsigned) => sign(credentials, unsigned, true);
