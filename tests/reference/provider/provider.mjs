// The log-in of a university for tests: oidc-provider with people who are told by the test, and beside it one that lies.
//
// Usage: node provider.mjs REDIRECT_URI. Prints its address; POST /people sets who logs in next, POST /lies what the liar says.

import http from 'node:http';
import { Buffer } from 'node:buffer';
import { createHmac, createHash } from 'node:crypto';
import Provider from 'oidc-provider';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const redirect = process.argv[2];
const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
const { privateKey: foreignKey } = await generateKeyPair('RS256', { extractable: true });
const jwk = { ...(await exportJWK(privateKey)), kid: 'k1', use: 'sig', alg: 'RS256' };
const seen = { ...(await exportJWK(publicKey)), kid: 'k1', use: 'sig', alg: 'RS256' };

let person = { sub: 'nobody' };
let lies = {};
const people = new Map();
const server = http.createServer();
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const address = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(address, {
  clients: [{
    client_id: 'sojourn',
    client_secret: 'a secret between the two of us',
    redirect_uris: [redirect],
    grant_types: ['authorization_code'],
    response_types: ['code'],
  }],
  jwks: { keys: [jwk] },
  cookies: { keys: ['only for tests'] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['given_name', 'family_name'] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => people.get(sub) ?? { sub } }),
});
const answer = provider.callback();

// Logs in whoever the test has named, and agrees to everything.
async function interact(request, response) {
  const { prompt, params } = await provider.interactionDetails(request, response);
  if (person.denied) {
    return provider.interactionFinished(request, response, { error: 'access_denied' });
  }
  if (prompt.name === 'login') {
    return provider.interactionFinished(request, response, { login: { accountId: person.sub } });
  }
  const grant = new provider.Grant({ accountId: person.sub, clientId: params.client_id });
  grant.addOIDCScope('openid email profile');
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}

function json(response, body, status = 200) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

// An ID token that is right but for what the test wants otherwise.
async function token(nonce) {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: `${address}/liar`, aud: 'sojourn', sub: 'liar', nonce, iat: now, exp: now + 300,
    email: person.email, email_verified: true, given_name: 'Lia', family_name: 'Liar', ...lies.claims,
  };
  if (lies.seal === 'none') return `${encoded({ alg: 'none' })}.${encoded(claims)}.`;
  if (lies.seal === 'HS256') {
    const text = `${encoded({ alg: 'HS256', kid: 'k1' })}.${encoded(claims)}`;
    return `${text}.${createHmac('sha256', lies.secret).update(text).digest('base64url')}`;
  }
  const key = lies.seal === 'foreign' ? foreignKey : privateKey;
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k1' }).sign(key);
}

const nonces = new Map();

async function lie(request, response, url) {
  const at = `${address}/liar`;
  if (url.pathname.endsWith('/.well-known/openid-configuration')) {
    if (lies.huge) return json(response, { padding: 'x'.repeat(600_000) });
    if (lies.elsewhere) { response.writeHead(302, { location: `${address}/.well-known/openid-configuration` }); return response.end(); }
    return json(response, {
      issuer: lies.issuer ?? at, authorization_endpoint: `${at}/auth`, token_endpoint: lies.token_endpoint ?? `${at}/token`,
      jwks_uri: `${at}/jwks`, response_types_supported: ['code'], subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
    });
  }
  if (url.pathname === '/liar/jwks') return json(response, { keys: [seen] });
  if (url.pathname === '/liar/auth') {
    const code = `code-${nonces.size}`;
    nonces.set(code, url.searchParams.get('nonce'));
    const back = new URL(url.searchParams.get('redirect_uri'));
    back.searchParams.set('code', code);
    back.searchParams.set('state', url.searchParams.get('state'));
    if (lies.iss) back.searchParams.set('iss', lies.iss);
    response.writeHead(303, { location: back.href });
    return response.end();
  }
  const access_token = 'an access token';
  const half = createHash('sha256').update(access_token).digest().subarray(0, 16).toString('base64url');
  const at_hash = lies.at_hash ?? half;
  lies.claims = { at_hash, ...lies.claims };
  const code = new URLSearchParams(await body(request)).get('code');
  return json(response, { access_token, token_type: 'Bearer', id_token: await token(nonces.get(code)) });
}

server.on('request', async (request, response) => {
  const url = new URL(request.url, address);
  try {
    if (url.pathname === '/people') {
      person = JSON.parse(await body(request));
      people.set(person.sub, person);
      return json(response, {});
    }
    if (url.pathname === '/lies') {
      lies = JSON.parse(await body(request));
      return json(response, {});
    }
    if (url.pathname.startsWith('/liar/')) return await lie(request, response, url);
    if (url.pathname.startsWith('/interaction/')) return await interact(request, response);
    return answer(request, response);
  } catch (fault) {
    return json(response, { fault: String(fault) }, 500);
  }
});
console.log(address);
