// The provider and its options, all of which may be left out:
//
//   users      [{ id, password, email, name, groups, acr, amr, … }]   `password` is "correct horse" where none is given
//   clients    client metadata as in RFC 7591, with client_id and client_secret
//   resources  { URI: { scope, ttl, alg } }   RFC 8707; any other resource is `invalid_target`
//   trusted    [{ issuer, jwks | jwks_uri }]  whose actor tokens (RFC 8693) and assertions (RFC 7523) are taken
//   loopback   true: it fetches from this machine too, such as the keys of a client
//   dpop_nonce true: DPoP proofs must carry a nonce (RFC 9449 section 8)
//   ttl        seconds: { AccessToken, ClientCredentials, IdToken, RefreshToken, AuthorizationCode, IdJag }

import { randomBytes } from 'node:crypto';

import Provider, { errors } from 'oidc-provider';
import { createMemoryAdapter } from 'oidc-provider/lib/adapters/memory_adapter.js';

import { GRANT as JWT_BEARER, PARAMETERS as JWT_BEARER_PARAMETERS, jwtBearer } from './bearer.mjs';
import { GRANT as EXCHANGE, ID_JAG_PROFILE, PARAMETERS as EXCHANGE_PARAMETERS, exchange } from './exchange.mjs';
import { Keys } from './keys.mjs';

const USERS = [
    { id: 'alice', email: 'alice@corp.example', name: 'Alice', groups: ['eng', 'finance'], acr: 'urn:mfa', amr: ['pwd', 'otp'] },
    { id: 'bob', email: 'bob@corp.example', name: 'Bob', groups: ['eng'], acr: 'urn:pwd', amr: ['pwd'] },
];
const RESOURCES = { 'https://mcp.example/mcp': { scope: 'files:read files:write' } };
const TTL = {
    AccessToken: 300, ClientCredentials: 300, IdToken: 300, RefreshToken: 3600, AuthorizationCode: 60, IdJag: 300,
    Grant: 3600, Session: 3600, Interaction: 600,
};

export class Service {
    static async start(issuer, options) {
        const service = new Service();
        service.issuer = issuer;
        service.options = options;
        service.users = new Map((options.users ?? USERS).map(user => [user.id, user]));
        service.ttl = { ...TTL, ...options.ttl };
        service.keys = await Keys.fresh();
        service.counts = { requests: {}, granted: {}, refused: {} };
        // What lives longer than one set of keys.
        service.adapter = createMemoryAdapter(15);
        service.cookieKeys = [randomBytes(32).toString('hex')];
        service.nonceSecret = randomBytes(32);
        service.build();
        return service;
    }

    // The library reads its keys once, so a rotation makes a new provider over the same store.
    async rotate(old) {
        await this.keys.rotate(old);
        this.build();
    }

    build() {
        const provider = new Provider(this.issuer, this.settings());
        provider.registerGrantType(EXCHANGE, ctx => exchange(this, ctx), EXCHANGE_PARAMETERS);
        provider.registerGrantType(JWT_BEARER, ctx => jwtBearer(this, ctx), JWT_BEARER_PARAMETERS);
        const count = kind => ctx => {
            const grant = ctx.oidc.params?.grant_type ?? 'none';
            this.counts[kind][grant] = (this.counts[kind][grant] ?? 0) + 1;
        };
        provider.on('grant.success', count('granted'));
        provider.on('grant.error', count('refused'));
        provider.on('server_error', (_, error) => console.error(error));
        provider.use(async (ctx, next) => {
            await next();
            // The flags by which a client finds the ID-JAG profile.
            if (ctx.oidc?.route === 'discovery') Object.assign(ctx.body, ID_JAG_PROFILE);
        });
        this.provider = provider;
    }

    resource(uri) {
        const known = (this.options.resources ?? RESOURCES)[uri];
        if (!known) throw new errors.InvalidTarget(`no such resource: ${uri}`);
        return {
            scope: known.scope ?? '',
            audience: uri,
            accessTokenFormat: 'jwt',
            accessTokenTTL: known.ttl ?? this.ttl.AccessToken,
            jwt: { sign: { alg: known.alg ?? 'ES256' } },
        };
    }

    settings() {
        const enabled = { enabled: true };
        return {
            adapter: this.adapter,
            ...(this.options.loopback && { fetch: (url, { dispatcher: _, ...options }) => fetch(url, options) }),
            jwks: this.keys.secret,
            cookies: { keys: this.cookieKeys },
            clients: this.options.clients ?? [],
            clientDefaults: { id_token_signed_response_alg: 'ES256' },
            acrValues: [...new Set([...this.users.values()].map(user => user.acr).filter(Boolean))],
            claims: {
                openid: ['sub', 'acr', 'amr', 'auth_time'],
                email: ['email', 'email_verified'],
                profile: ['name'],
                groups: ['groups'],
            },
            // Claims of the granted scopes go into the ID token, as with most providers in companies.
            conformIdTokenClaims: false,
            findAccount: (_, id) => this.account(id),
            interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
            extraTokenClaims: ctx => ctx?.exchanged,
            issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
            rotateRefreshToken: true,
            ttl: Object.fromEntries(Object.entries(this.ttl).filter(([name]) => name !== 'IdJag')),
            features: {
                devInteractions: { enabled: false },
                backchannelLogout: enabled,
                rpInitiatedLogout: {
                    enabled: true,
                    logoutSource: (ctx, form) => {
                        ctx.body = form.replace('</form>', '<button name="logout" value="yes">Sign out</button></form>');
                    },
                },
                clientCredentials: enabled,
                claimsParameter: enabled,
                introspection: enabled,
                registration: enabled,
                revocation: enabled,
                dPoP: {
                    enabled: true,
                    nonceSecret: this.nonceSecret,
                    requireNonce: () => this.options.dpop_nonce === true,
                },
                resourceIndicators: {
                    enabled: true,
                    useGrantedResource: () => true,
                    getResourceServerInfo: (_, uri) => this.resource(uri),
                },
            },
        };
    }

    account(id) {
        const user = this.users.get(id);
        if (!user) return undefined;
        const { id: _, password: __, ...claims } = user;
        return { accountId: id, claims: async () => ({ sub: id, email_verified: true, ...claims }) };
    }
}
