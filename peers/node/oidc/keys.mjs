// Signing keys of one issuer: an EC and an RSA key, which can be replaced.

import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';

const ALGORITHMS = ['ES256', 'RS256'];
const PUBLIC = ['kty', 'kid', 'use', 'alg', 'crv', 'x', 'y', 'n', 'e'];

async function fresh(alg) {
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    const jwk = await exportJWK(privateKey);
    return { ...jwk, alg, use: 'sig', kid: await calculateJwkThumbprint(jwk) };
}

const shown = jwk => Object.fromEntries(PUBLIC.filter(name => name in jwk).map(name => [name, jwk[name]]));

export class Keys {
    static async fresh() {
        const keys = new Keys();
        await keys.rotate('forget');
        return keys;
    }

    // New keys sign from now on. The old ones stay published (`keep`), as in a rotation that was planned, or do not
    // (`forget`), as after a theft.
    async rotate(old) {
        const made = await Promise.all(ALGORITHMS.map(fresh));
        this.all = old === 'keep' ? [...made, ...this.all] : made;
    }

    // For the provider: with the private parts, the newest first.
    get secret() {
        return { keys: this.all };
    }

    get published() {
        return { keys: this.all.map(shown) };
    }

    // Signs `claims` as they are. `key` is an algorithm or a way to do it wrong:
    // `stranger`: a key that is not published, under the `kid` of one that is; `none`: no signature;
    // `hmac-public`: HS256 with the published RSA key as the secret.
    async sign(claims, header = {}, key = 'ES256') {
        const mine = this.all.find(jwk => jwk.alg === (key === 'hmac-public' ? 'RS256' : key)) ?? this.all[0];
        const head = { typ: 'JWT', kid: mine.kid };
        if (key === 'none') {
            const part = value => Buffer.from(JSON.stringify(value)).toString('base64url');
            return `${part({ ...head, alg: 'none', ...header })}.${part(claims)}.`;
        }
        if (key === 'hmac-public') {
            const secret = new TextEncoder().encode(JSON.stringify(shown(mine)));
            return new SignJWT(claims).setProtectedHeader({ ...head, alg: 'HS256', ...header }).sign(secret);
        }
        const signer = key === 'stranger' ? await fresh('ES256') : mine;
        return new SignJWT(claims).setProtectedHeader({ ...head, alg: signer.alg, ...header }).sign(signer);
    }
}
