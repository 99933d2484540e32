// JWT assertions as grants (RFC 7523), ID-JAG among them: the second half of an exchange between two providers.

import { errors } from 'oidc-provider';

import { accessToken } from './exchange.mjs';
import { believed } from './trust.mjs';

export const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
export const PARAMETERS = ['assertion', 'resource', 'scope'];

export async function jwtBearer(service, ctx) {
    const { params, client, provider } = ctx.oidc;
    if (!params.assertion) throw new errors.InvalidRequest('assertion is required');
    const claims = await believed(service, params.assertion, 'assertion', { audience: service.issuer });
    const jag = claims.typ === 'oauth-id-jag+jwt';
    if (jag && claims.client_id !== client.clientId) throw new errors.InvalidGrant('assertion: for another client');
    if (jag && !claims.jti) throw new errors.InvalidGrant('assertion: no jti');
    if (claims.jti && !(await provider.ReplayDetection.unique(claims.iss, claims.jti, claims.exp))) {
        throw new errors.InvalidGrant('assertion: used before');
    }
    if (claims.resource && params.resource && claims.resource !== params.resource) {
        throw new errors.InvalidTarget('the assertion is for another resource');
    }
    params.resource ??= claims.resource;
    ctx.exchanged = claims.act && { act: claims.act };
    const allowed = claims.scope?.split(' ');
    return accessToken(service, ctx, { subject: claims.sub, client, allowed });
}
