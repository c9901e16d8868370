// node-oidc-provider with everything in memory, asked for the same things as loop-auth by `make bench`.
//
//   node peer.mjs ALG CODES
//
// In: an algorithm (RS256, ES256) and how many codes to make. Out: one line of JSON with the port, a client and
// the codes, then HTTP until it is killed. Access tokens are JWTs (RFC 9068), refresh tokens of public clients are
// rotated: what it does by itself where it can be told so. Nothing is ever written to a disk.

import { generateKeyPairSync } from 'node:crypto';

const [alg, codes] = [process.argv[2], Number(process.argv[3])];
const resource = 'http://localhost/mcp';
const redirect = 'http://localhost:8765/callback';
// The S256 challenge of crates/bench's verifier.
const challenge = process.argv[4];

// Its own memory adapter forgets everything but the newest thousand.
class Memory {
  static rows = new Map();
  static families = new Map();
  constructor(model) { this.model = model; }
  key(id) { return `${this.model}:${id}`; }
  async upsert(id, row) {
    Memory.rows.set(this.key(id), row);
    if (!row.grantId || this.model === 'Grant') return;
    const family = Memory.families.get(row.grantId) ?? [];
    family.push(this.key(id));
    Memory.families.set(row.grantId, family);
  }
  async find(id) { return Memory.rows.get(this.key(id)); }
  async findByUid() { return undefined; }
  async findByUserCode() { return undefined; }
  async consume(id) { Memory.rows.get(this.key(id)).consumed = Math.floor(Date.now() / 1000); }
  async destroy(id) { Memory.rows.delete(this.key(id)); }
  async revokeByGrantId(grant) {
    for (const key of Memory.families.get(grant) ?? []) Memory.rows.delete(key);
    Memory.families.delete(grant);
  }
}

const { default: Provider } = await import('oidc-provider');
const key = alg === 'ES256'
  ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
  : generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwk = { ...key.privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: 'one' };

const server = { accessTokenFormat: 'jwt', audience: resource, scope: 'mcp:read', jwt: { sign: { alg } } };
const provider = new Provider('http://localhost', {
  adapter: Memory,
  jwks: { keys: [jwk] },
  scopes: ['mcp:read', 'offline_access'],
  cookies: { keys: ['bench'] },
  clients: [
    {
      client_id: 'public', token_endpoint_auth_method: 'none', response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token'], redirect_uris: [redirect],
    },
    {
      client_id: 'machine', client_secret: 'machine-secret-of-the-bench', response_types: [], redirect_uris: [],
      token_endpoint_auth_method: 'client_secret_basic', grant_types: ['client_credentials'], scope: 'mcp:read',
    },
  ],
  clientDefaults: { id_token_signed_response_alg: alg },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true, defaultResource: () => resource, useGrantedResource: () => true,
      getResourceServerInfo: () => server,
    },
  },
  ttl: { AuthorizationCode: 3600, AccessToken: 3600, RefreshToken: 7776000, Grant: 7776000, ClientCredentials: 3600 },
  issueRefreshToken: () => true,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});
provider.on('server_error', (_, error) => console.error(error));

const client = await provider.Client.find('public');
const made = [];
for (let turn = 0; turn < codes; turn += 1) {
  const grant = new provider.Grant({ accountId: 'kim', clientId: 'public' });
  grant.addResourceScope(resource, 'mcp:read');
  const grantId = await grant.save();
  const code = new provider.AuthorizationCode({
    accountId: 'kim', client, grantId, redirectUri: redirect, scope: 'mcp:read', resource,
    codeChallenge: challenge, codeChallengeMethod: 'S256', authTime: Math.floor(Date.now() / 1000),
  });
  made.push(await code.save());
}

const listening = provider.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: listening.address().port, codes: made }));
});
