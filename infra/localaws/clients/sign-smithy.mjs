// The signer of the AWS SDK for JavaScript.
import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { site } from './lib.mjs';

const signer = (credentials) => new SignatureV4({ service: 'execute-api', region: site.region, credentials, sha256: Sha256 });

function request({ method = 'GET', path, headers, body }) {
  const at = new URL(site.apiUrl);
  const [pathname, ...rest] = path.split('?');
  const query = {};
  for (const [name, value] of new URLSearchParams(rest.join('?'))) {
    query[name] = name in query ? [query[name], value].flat() : value;
  }
  return new HttpRequest({
    protocol: at.protocol, hostname: at.hostname, port: Number(at.port), method, path: pathname, query, body,
    headers: { host: at.host, ...headers },
  });
}

export async function sign(credentials, unsigned) {
  const { headers } = await signer(credentials).sign(request(unsigned));
  return { ...unsigned, headers };
}

// presign returns the request with its signature in the query.
export async function presign(credentials, unsigned) {
  const { path, query } = await signer(credentials).presign(request(unsigned), { expiresIn: 60 });
  return { ...unsigned, path: `${path}?${new URLSearchParams(query)}` };
}
