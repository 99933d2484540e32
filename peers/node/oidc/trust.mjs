// Which tokens are believed: our own, and those of the issuers that the options name.

import { createLocalJWKSet, createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { errors } from 'oidc-provider';

const ASYMMETRIC = ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA', 'Ed25519'];

function keysOf(service, issuer) {
    if (issuer === service.issuer) return createLocalJWKSet(service.keys.published);
    const trusted = (service.options.trusted ?? []).find(one => one.issuer === issuer);
    if (!trusted) throw new Error(`not a trusted issuer: ${issuer}`);
    return trusted.jwks ? createLocalJWKSet(trusted.jwks) : createRemoteJWKSet(new URL(trusted.jwks_uri));
}

// The claims of a token from a trusted issuer. `expect`: audience, typ, issuer. Any doubt is `invalid_grant`.
export async function believed(service, token, what, expect = {}) {
    try {
        const { iss } = decodeJwt(token);
        if (expect.issuer && iss !== expect.issuer) throw new Error(`the issuer is ${iss}`);
        const rules = { algorithms: ASYMMETRIC, issuer: iss, audience: expect.audience, typ: expect.typ, requiredClaims: ['sub', 'exp'] };
        const { payload, protectedHeader } = await jwtVerify(token, keysOf(service, iss), rules);
        return { ...payload, typ: protectedHeader.typ };
    } catch (error) {
        throw new errors.InvalidGrant(`${what}: ${error.message}`);
    }
}
