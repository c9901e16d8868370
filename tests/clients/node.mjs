// OAuth clients that others wrote, against a real loop-auth: openid-client and oauth4webapi.
//
//   node node.mjs LIBRARY ISSUER RESOURCE REDIRECT_URI CAPABILITY...
//
// In: a capability each; on stdin, where the browser landed. Out: one JSON a line: {"open": url} when a person must log
// in, {"answer": url, "code": text} when a person must answer a device, {"publish": document} when a metadata document is to be
// served (its address is read back), {"capability": name, "ok": true, ...} when it works. The first failure is {"capability": name, "error": text}.
// CLIENT_ID and CLIENT_SECRET: a confidential client of the operator, for what needs one. A capability that lands in
// the server is one more function in the tables below.

import * as readline from 'node:readline';

import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';

const [library, issuer, resource, redirectUri, ...capabilities] = process.argv.slice(2);
const scope = 'mcp:read';
const say = (value) => console.log(JSON.stringify(value));
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const must = (truth, what) => { if (!truth) throw new Error(what); };

/** Has a person open the URL; where the browser landed. */
async function visit(url) {
  say({ open: url.href });
  return new URL((await lines.next()).value);
}

/** Has a person allow what a device shows. */
async function allowed(url, code) {
  say({ answer: url, code });
  await lines.next();
}

/** Has a metadata document served; its address, which is the client's identifier. */
async function publish(document) {
  say({ publish: document });
  return (await lines.next()).value;
}

/** What must fail, and with which code. */
async function refused(promise, ...codes) {
  const error = await promise.then(() => undefined, (error) => error);
  must(error, `nobody refused; expected ${codes}`);
  const said = error.error ?? error.code ?? error.cause?.error ?? error.message;
  must(codes.includes(said), `${said} instead of ${codes}`);
}

const machine = () => {
  must(process.env.CLIENT_ID && process.env.CLIENT_SECRET, 'no CLIENT_ID');
  return [process.env.CLIENT_ID, process.env.CLIENT_SECRET];
};

const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code';

const metadata = {
  client_name: `${library} of the tests`, redirect_uris: [redirectUri], token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
};

const withOpenidClient = () => {
  const options = { algorithm: 'oauth2', execute: [client.allowInsecureRequests] };
  let config; let tokens;

  async function authorize({ pushed = false, dpop } = {}) {
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    const expectedState = client.randomState();
    const parameters = {
      redirect_uri: redirectUri, scope, resource, state: expectedState, code_challenge_method: 'S256',
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    };
    const build = pushed ? client.buildAuthorizationUrlWithPAR : client.buildAuthorizationUrl;
    const landed = await visit(await build(config, parameters, dpop && { DPoP: dpop }));
    return { landed, checks: { pkceCodeVerifier, expectedState } };
  }

  const confidential = () => {
    const [id, secret] = machine();
    return client.discovery(new URL(issuer), id, undefined, client.ClientSecretBasic(secret), options);
  };

  return {
    async register() {
      config = await client.dynamicClientRegistration(new URL(issuer), metadata, client.None(), options);
      must(config.serverMetadata().issuer === issuer, 'another issuer');
      must(config.clientMetadata().client_id, 'no client_id');
    },
    async code() {
      const { landed, checks } = await authorize();
      tokens = await client.authorizationCodeGrant(config, landed, checks, { resource });
      must(tokens.refresh_token && tokens.scope === scope, `tokens: ${JSON.stringify(Object.keys(tokens))}`);
      await refused(client.authorizationCodeGrant(config, landed, checks), 'invalid_grant');
    },
    async 'iss check'() {
      const { landed, checks } = await authorize();
      must(landed.searchParams.get('iss') === issuer, 'no iss');
      landed.searchParams.set('iss', 'https://evil.example');
      await refused(client.authorizationCodeGrant(config, landed, checks), 'OAUTH_INVALID_RESPONSE');
    },
    async refresh() {
      const { landed, checks } = await authorize();
      tokens = await client.authorizationCodeGrant(config, landed, checks, { resource });
      const next = await client.refreshTokenGrant(config, tokens.refresh_token);
      must(next.refresh_token !== tokens.refresh_token, 'the refresh token stayed');
      tokens = await client.refreshTokenGrant(config, next.refresh_token);
    },
    async introspection() {
      const told = await client.tokenIntrospection(await confidential(), tokens.access_token);
      must(told.active && told.scope === scope, JSON.stringify(told));
    },
    async revocation() {
      await client.tokenRevocation(config, tokens.refresh_token);
      await refused(client.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant');
    },
    async client_credentials() {
      const got = await client.clientCredentialsGrant(await confidential(), { scope, resource });
      must(got.access_token && !got.refresh_token, 'no token of its own');
    },
    async par() {
      const { landed, checks } = await authorize({ pushed: true });
      await client.authorizationCodeGrant(config, landed, checks, { resource });
    },
    async dpop() {
      const handle = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
      const { landed, checks } = await authorize({ dpop: handle });
      const bound = await client.authorizationCodeGrant(config, landed, checks, { resource }, { DPoP: handle });
      must(bound.token_type === 'dpop', bound.token_type);
      await client.refreshTokenGrant(config, bound.refresh_token, undefined, { DPoP: handle });
    },
    async device() {
      const [id, secret] = machine();
      const own = await client.discovery(new URL(issuer), id, undefined, client.ClientSecretBasic(secret), options);
      const asked = await client.initiateDeviceAuthorization(own, { scope: `openid ${scope}` });
      must(asked.user_code && asked.verification_uri_complete, JSON.stringify(asked));
      await refused(client.genericGrantRequest(own, deviceCode, { device_code: asked.device_code }), 'authorization_pending');
      await allowed(asked.verification_uri_complete, asked.user_code);
      const got = await client.pollDeviceAuthorizationGrant(own, asked); // waits the interval out
      must(got.scope === `${scope} openid` && got.claims().sub && !got.claims().nonce, JSON.stringify(got.claims()));
      await refused(client.genericGrantRequest(own, deviceCode, { device_code: asked.device_code }), 'invalid_grant');
    },
    async cimd() {
      const id = await publish({ ...metadata, client_name: `${library}, described` });
      const registered = config;
      config = await client.discovery(new URL(issuer), id, undefined, client.None(), options);
      must(config.serverMetadata().client_id_metadata_document_supported, 'not advertised');
      const { landed, checks } = await authorize();
      const got = await client.authorizationCodeGrant(config, landed, checks, { resource });
      const next = await client.refreshTokenGrant(config, got.refresh_token);
      must(next.refresh_token !== got.refresh_token && next.scope === scope, JSON.stringify(next.scope));
      config = registered;
    },
    async openid() {
      const forPeople = { ...metadata, client_name: `${library} for people`, post_logout_redirect_uris: [redirectUri] };
      const people = await client.dynamicClientRegistration(new URL(issuer), forPeople, client.None(), { execute: options.execute });
      client.enableNonRepudiationChecks(people); // the signature too, though TLS would do
      const pkceCodeVerifier = client.randomPKCECodeVerifier();
      const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
      const landed = await visit(client.buildAuthorizationUrl(people, {
        redirect_uri: redirectUri, scope: 'openid profile email', state: expectedState, nonce: expectedNonce, max_age: '300',
        code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: 'S256',
      }));
      const checks = { pkceCodeVerifier, expectedState, expectedNonce, maxAge: 300, idTokenExpected: true };
      const got = await client.authorizationCodeGrant(people, landed, checks);
      const { sub, sid } = got.claims();
      const person = await client.fetchUserInfo(people, got.access_token, sub);
      must(sid && person.email_verified && person.roles.length, JSON.stringify(person));
      const next = await client.refreshTokenGrant(people, got.refresh_token);
      must(next.claims().sub === sub && !next.claims().nonce, JSON.stringify(next.claims()));
      const end = client.buildEndSessionUrl(people, { id_token_hint: got.id_token, post_logout_redirect_uri: redirectUri });
      const gone = await fetch(end, { redirect: 'manual' }); // nobody is signed in here: on to where the client registered
      must(gone.status === 302 && gone.headers.get('location') === redirectUri, `${gone.status} for a logout`);
    },
  };
};

const withOauth4webapi = () => {
  const insecure = { [oauth.allowInsecureRequests]: true };
  const where = new URL(issuer);
  let server; let own; let tokens;

  async function authorize(change = () => {}, { pushed = false, dpop } = {}) {
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const url = new URL(server.authorization_endpoint);
    const parameters = {
      client_id: own.client_id, redirect_uri: redirectUri, response_type: 'code', scope, resource, state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    };
    if (pushed) {
      const sent = await oauth.pushedAuthorizationRequest(server, own, oauth.None(), parameters, { ...insecure, DPoP: dpop });
      const { request_uri } = await oauth.processPushedAuthorizationResponse(server, own, sent);
      url.searchParams.set('client_id', own.client_id);
      url.searchParams.set('request_uri', request_uri);
    } else {
      Object.entries(parameters).forEach(([name, value]) => url.searchParams.set(name, value));
    }
    const landed = await visit(url);
    change(landed);
    const answer = oauth.validateAuthResponse(server, own, landed, state);
    const options = { ...insecure, DPoP: dpop, additionalParameters: { resource } };
    return async () => {
      const send = () => oauth.authorizationCodeGrantRequest(server, own, oauth.None(), answer, redirectUri, verifier, options);
      return oauth.processAuthorizationCodeResponse(server, own, await send());
    };
  }

  async function refresh(token) {
    const sent = await oauth.refreshTokenGrantRequest(server, own, oauth.None(), token, insecure);
    return oauth.processRefreshTokenResponse(server, own, sent);
  }

  return {
    async register() {
      const found = await oauth.discoveryRequest(where, { ...insecure, algorithm: 'oauth2' });
      server = await oauth.processDiscoveryResponse(where, found);
      const sent = await oauth.dynamicClientRegistrationRequest(server, metadata, insecure);
      own = await oauth.processDynamicClientRegistrationResponse(sent);
    },
    async code() {
      const exchange = await authorize();
      tokens = await exchange();
      must(tokens.refresh_token && tokens.scope === scope, `tokens: ${JSON.stringify(Object.keys(tokens))}`);
      await refused(exchange(), 'invalid_grant');
    },
    async 'iss check'() {
      const change = (landed) => landed.searchParams.set('iss', 'https://evil.example');
      await refused(authorize(change), 'OAUTH_INVALID_RESPONSE');
      await refused(authorize((landed) => landed.searchParams.delete('iss')), 'OAUTH_INVALID_RESPONSE');
    },
    async 'JWT access token'() {
      tokens = await (await authorize())();
      const request = new Request(resource, { headers: { authorization: `Bearer ${tokens.access_token}` } });
      const claims = await oauth.validateJwtAccessToken(server, request, resource, insecure);
      must(claims.client_id === own.client_id, JSON.stringify(claims));
    },
    async refresh() {
      tokens = await (await authorize())();
      const next = await refresh(tokens.refresh_token);
      must(next.refresh_token !== tokens.refresh_token, 'the refresh token stayed');
      tokens = await refresh(next.refresh_token);
    },
    async introspection() {
      const [client_id, secret] = machine();
      const sent = await oauth.introspectionRequest(server, { client_id }, oauth.ClientSecretBasic(secret), tokens.access_token, insecure);
      const told = await oauth.processIntrospectionResponse(server, { client_id }, sent);
      must(told.active && told.scope === scope, JSON.stringify(told));
    },
    async revocation() {
      const sent = await oauth.revocationRequest(server, own, oauth.None(), tokens.refresh_token, insecure);
      await oauth.processRevocationResponse(sent);
      await refused(refresh(tokens.refresh_token), 'invalid_grant');
    },
    async client_credentials() {
      const [client_id, secret] = machine();
      const sent = await oauth.clientCredentialsGrantRequest(server, { client_id }, oauth.ClientSecretPost(secret), { scope, resource }, insecure);
      const got = await oauth.processClientCredentialsResponse(server, { client_id }, sent);
      must(got.access_token && !got.refresh_token, 'no token of its own');
    },
    async par() {
      await (await authorize(undefined, { pushed: true }))();
    },
    async dpop() {
      const dpop = oauth.DPoP(own, await oauth.generateKeyPair('ES256'));
      const exchange = await authorize(undefined, { dpop });
      const bound = await exchange().catch((error) => {
        if (!oauth.isDPoPNonceError(error)) throw error;
        return exchange();
      });
      must(bound.token_type === 'dpop', bound.token_type);
    },
    async device() {
      const [client_id, secret] = machine();
      const [device, auth] = [{ client_id }, oauth.ClientSecretBasic(secret)];
      const sent = await oauth.deviceAuthorizationRequest(server, device, auth, { scope }, insecure);
      const asked = await oauth.processDeviceAuthorizationResponse(server, device, sent);
      const poll = async () => {
        const answer = await oauth.deviceCodeGrantRequest(server, device, auth, asked.device_code, insecure);
        return oauth.processDeviceCodeResponse(server, device, answer);
      };
      await refused(poll(), 'authorization_pending');
      await allowed(asked.verification_uri_complete, asked.user_code);
      const got = await poll();
      must(got.access_token && got.scope === scope, JSON.stringify(Object.keys(got)));
      await refused(poll(), 'invalid_grant');
    },
    async cimd() {
      // It signs its assertions with a key of the document (RFC 7523), as ChatGPT does.
      const { privateKey, publicKey } = await oauth.generateKeyPair('ES256', { extractable: true });
      const jwk = await crypto.subtle.exportKey('jwk', publicKey);
      const jwks = { keys: [{ kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y, kid: 'one', alg: 'ES256', use: 'sig' }] };
      const client_id = await publish({
        ...metadata, client_name: `${library}, described`, jwks, token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'], token_endpoint_auth_signing_alg: 'ES256',
      });
      const [described, auth] = [{ client_id }, oauth.PrivateKeyJwt({ key: privateKey, kid: 'one' })];
      const [verifier, state] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState()];
      const url = new URL(server.authorization_endpoint);
      Object.entries({
        client_id, redirect_uri: redirectUri, response_type: 'code', scope, resource, state,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
      }).forEach(([name, value]) => url.searchParams.set(name, value));
      const answer = oauth.validateAuthResponse(server, described, await visit(url), state);
      const sent = await oauth.authorizationCodeGrantRequest(server, described, auth, answer, redirectUri, verifier, insecure);
      const got = await oauth.processAuthorizationCodeResponse(server, described, sent);
      const again = await oauth.refreshTokenGrantRequest(server, described, auth, got.refresh_token, insecure);
      const next = await oauth.processRefreshTokenResponse(server, described, again);
      must(next.refresh_token !== got.refresh_token && next.scope === scope, JSON.stringify(next.scope));
    },
    async openid() {
      const [verifier, state, nonce] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState(), oauth.generateRandomNonce()];
      const url = new URL(server.authorization_endpoint);
      Object.entries({
        client_id: own.client_id, redirect_uri: redirectUri, response_type: 'code', scope: 'openid email', state, nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
      }).forEach(([name, value]) => url.searchParams.set(name, value));
      const answer = oauth.validateAuthResponse(server, own, await visit(url), state);
      const sent = await oauth.authorizationCodeGrantRequest(server, own, oauth.None(), answer, redirectUri, verifier, insecure);
      const got = await oauth.processAuthorizationCodeResponse(server, own, sent, { expectedNonce: nonce, requireIdToken: true });
      await oauth.validateApplicationLevelSignature(server, sent, insecure);
      const { sub } = oauth.getValidatedIdTokenClaims(got);
      const asked = await oauth.userInfoRequest(server, own, got.access_token, insecure);
      const person = await oauth.processUserInfoResponse(server, own, sub, asked);
      must(person.email && !person.name, JSON.stringify(person));
    },
  };
};

const libraries = { 'openid-client': withOpenidClient, oauth4webapi: withOauth4webapi };
const known = libraries[library]();
if (capabilities[0] === '--list') {
  say(Object.keys(known));
  process.exit(0);
}
for (const capability of capabilities) {
  try {
    await known[capability]();
    say({ capability, ok: true });
  } catch (error) {
    say({ capability, error: `${error.stack ?? error} ${JSON.stringify(error.cause ?? {})}` });
    process.exit(1);
  }
}
process.exit(0);
