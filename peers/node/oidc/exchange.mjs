// Token exchange (RFC 8693) with an actor, and the assertion grants of draft-ietf-oauth-identity-assertion-authz-grant.
// The library leaves this grant to its users.

import { randomUUID } from 'node:crypto';

import { errors } from 'oidc-provider';
import { buildTokenResponse, checkDpopReplay, validateDpop } from 'oidc-provider/lib/helpers/grants.js';

import { believed } from './trust.mjs';

const TYPE = 'urn:ietf:params:oauth:token-type:';
const ID_JAG = `${TYPE}id-jag`;

export const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const PARAMETERS = [
    'subject_token', 'subject_token_type', 'actor_token', 'actor_token_type', 'requested_token_type', 'audience',
    'resource', 'scope',
];
export const ID_JAG_PROFILE = {
    authorization_grant_profiles_supported: ['urn:ietf:params:oauth:grant-profile:id-jag'],
    identity_chaining_requested_token_types_supported: [ID_JAG],
};

export async function exchange(service, ctx) {
    const { params, client } = ctx.oidc;
    const subject = await subjectOf(service, ctx);
    const act = await actorOf(service, params, subject);
    const requested = params.requested_token_type ?? `${TYPE}access_token`;
    if (requested === ID_JAG) return idJag(service, ctx, subject, act);
    if (requested !== `${TYPE}access_token`) throw new errors.InvalidRequest(`requested_token_type ${requested}`);
    ctx.exchanged = act && { act };
    return accessToken(service, ctx, { subject: subject.sub, client, type: requested });
}

// The human. An ID token must be for the client that presents it, and so must a refresh token.
async function subjectOf(service, ctx) {
    const { params, client, provider } = ctx.oidc;
    const { subject_token: token, subject_token_type: type } = params;
    if (!token || !type) throw new errors.InvalidRequest('subject_token and subject_token_type are required');
    const own = expect => believed(service, token, 'subject_token', { issuer: service.issuer, ...expect });
    if (type === `${TYPE}id_token`) return own({ audience: client.clientId });
    if (type === `${TYPE}access_token`) return own({ typ: 'at+jwt' });
    if (type === `${TYPE}refresh_token`) {
        const found = await provider.RefreshToken.find(token);
        if (found?.clientId !== client.clientId || found.consumed) throw new errors.InvalidGrant('subject_token: unknown');
        return { sub: found.accountId, auth_time: found.authTime, acr: found.acr, amr: found.amr };
    }
    throw new errors.InvalidRequest(`subject_token_type ${type}`);
}

// The agent, outermost; who acted before stays inside (RFC 8693 section 4.1). `may_act` of the subject binds (4.4).
async function actorOf(service, params, subject) {
    const { actor_token: token, actor_token_type: type } = params;
    if (!token !== !type) throw new errors.InvalidRequest('actor_token and actor_token_type go together');
    if (!token) return subject.act;
    const own = type === `${TYPE}access_token`;
    const actor = await believed(service, token, 'actor_token', own ? { issuer: service.issuer, typ: 'at+jwt' } : { audience: service.issuer });
    const may = subject.may_act;
    if (may && (may.sub !== actor.sub || (may.iss && may.iss !== actor.iss))) {
        throw new errors.InvalidGrant('actor_token: the subject allows another actor');
    }
    return { sub: actor.sub, iss: actor.iss, ...(subject.act && { act: subject.act }) };
}

// An access token for one resource, with the scopes that were asked for and that the resource has.
export async function accessToken(service, ctx, { subject, client, type, allowed }) {
    const { params, provider } = ctx.oidc;
    if (typeof params.resource !== 'string') throw new errors.InvalidTarget('exactly one resource is required');
    const proof = await validateDpop(provider, ctx);
    const token = new provider.AccessToken({ accountId: subject, client, gty: params.grant_type });
    token.resourceServer = new provider.ResourceServer(params.resource, service.resource(params.resource));
    const asked = params.scope ? params.scope.split(' ') : [...token.resourceServer.scopes];
    token.scope = asked.filter(scope => token.resourceServer.scopes.has(scope) && (!allowed || allowed.includes(scope))).join(' ');
    if (proof) {
        await checkDpopReplay(provider, ctx, proof, client.clientId);
        token.setThumbprint('jkt', proof.thumbprint);
    }
    const value = await token.save();
    ctx.body = buildTokenResponse(provider, {
        accessToken: value, expiresIn: token.expiration, issuedTokenType: type, scope: token.scope || undefined, tokenType: token.tokenType,
    });
}

async function idJag(service, ctx, subject, act) {
    const { params, client, provider } = ctx.oidc;
    if (!params.audience) throw new errors.InvalidRequest('audience is required: the issuer that will take the grant');
    const now = Math.floor(Date.now() / 1000);
    const user = service.users.get(subject.sub);
    const claims = {
        iss: service.issuer, sub: subject.sub, aud: params.audience, client_id: client.clientId, jti: randomUUID(),
        iat: now, exp: now + service.ttl.IdJag, resource: params.resource, scope: params.scope,
        email: user?.email, auth_time: subject.auth_time, acr: subject.acr, amr: subject.amr, act,
    };
    ctx.body = buildTokenResponse(provider, {
        accessToken: await service.keys.sign(claims, { typ: 'oauth-id-jag+jwt' }),
        issuedTokenType: ID_JAG, tokenType: 'N_A', expiresIn: service.ttl.IdJag, scope: params.scope,
    });
}
