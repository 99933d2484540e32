// For tests only, and no part of any standard: what a provider does by itself once a year, on request; tokens nobody
// would issue; and trouble.
//
//   POST /test-control/rotate   { old: "keep" | "forget" }        new signing keys
//   POST /test-control/mint     { claims, header, key, issuer }   a JWT with these claims; `keys.mjs` lists the keys.
//                               iss, iat and exp are filled in; null takes a claim away. `issuer` names a workload issuer
//   POST /test-control/fault    { path, status, body, delay, times }   the next requests to a path are late or fail
//   GET  /test-control/counts   { requests: { "GET /jwks": 1 }, granted: { grant: 1 }, refused: { grant: 1 } }
//
// Workload issuers spring up when they are named: /workload/NAME has discovery and keys of its own.

import { Keys } from './keys.mjs';

export class Control {
    constructor(service) {
        this.service = service;
        this.faults = new Map();
        this.workloads = new Map();
    }

    async answer(path, request, response) {
        const json = (status, value) => {
            response.writeHead(status, { 'content-type': 'application/json' });
            response.end(JSON.stringify(value));
        };
        if (path.startsWith('/workload/')) {
            if (await this.disturb(path, request, response)) return undefined;
            const document = await this.workload(path);
            return document ? json(200, document) : json(404, { error: 'not_found' });
        }
        const given = request.method === 'POST' ? await parsed(request) : {};
        switch (path) {
            case '/test-control/rotate':
                await this.service.rotate(given.old ?? 'keep');
                return json(200, this.service.keys.published);
            case '/test-control/mint':
                return json(200, { token: await this.mint(given) });
            case '/test-control/fault':
                this.faults.set(given.path, { times: 1, delay: 0, ...given });
                return json(200, {});
            case '/test-control/counts':
                return json(200, this.service.counts);
            default:
                return json(404, { error: 'not_found' });
        }
    }

    // Counts a request, and spoils it where that was asked for. Whether it has been answered.
    async disturb(path, request, response) {
        const { requests } = this.service.counts;
        const name = `${request.method} ${path}`;
        requests[name] = (requests[name] ?? 0) + 1;
        const fault = this.faults.get(path);
        if (!fault || fault.times <= 0) return false;
        fault.times -= 1;
        if (fault.delay) await new Promise(resolve => setTimeout(resolve, fault.delay));
        if (!fault.status) return false;
        response.writeHead(fault.status, { 'content-type': 'application/json' });
        response.end(fault.body === undefined ? '{}' : JSON.stringify(fault.body));
        return true;
    }

    async mint({ claims = {}, header, key, issuer }) {
        const now = Math.floor(Date.now() / 1000);
        const iss = issuer === undefined ? this.service.issuer : this.issuerOf(issuer);
        const full = Object.entries({ iss, iat: now, exp: now + 300, ...claims }).filter(([, value]) => value !== null);
        const keys = issuer === undefined ? this.service.keys : await this.keysOf(issuer);
        return keys.sign(Object.fromEntries(full), header, key);
    }

    issuerOf(name) {
        return `${this.service.issuer}/workload/${name}`;
    }

    async keysOf(name) {
        if (!this.workloads.has(name)) this.workloads.set(name, Keys.fresh());
        return this.workloads.get(name);
    }

    async workload(path) {
        const [, , name, ...rest] = path.split('/');
        const issuer = this.issuerOf(name);
        switch (rest.join('/')) {
            case '.well-known/openid-configuration':
                return {
                    issuer,
                    jwks_uri: `${issuer}/jwks`,
                    response_types_supported: ['id_token'],
                    subject_types_supported: ['public'],
                    id_token_signing_alg_values_supported: ['ES256', 'RS256'],
                };
            case 'jwks':
                return (await this.keysOf(name)).published;
            default:
                return undefined;
        }
    }
}

async function parsed(request) {
    let text = '';
    for await (const piece of request) text += piece;
    return JSON.parse(text || '{}');
}
