// An MCP server that lets nobody in without an access token for it, and says whose it was:
//
//   --port N  --issuer URL  [--audience TEXT]  [--introspect CLIENT:SECRET]  [--unchecked]  [--scopes "a b"]
//
// JWTs are checked by the issuer's keys (RFC 9068); with --introspect the issuer is asked (RFC 7662); with --unchecked any token
// will do. It publishes where its
// tokens come from (RFC 9728). The tool `whoami` returns the claims; `write` needs the scope `files:write`. For tests only:
//
//   POST /test-control/refuse  { times, status, challenge }   the next requests are refused
//   GET  /test-control/seen    { tokens, requests, refused }  how many different tokens came, and how many requests

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { parseArgs } from 'node:util';

import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const text = { type: 'string' };
const { values: options } = parseArgs({
    options: {
        port: { ...text, default: '0' }, issuer: text, audience: text, introspect: text,
        unchecked: { type: 'boolean' }, scopes: { ...text, default: 'files:read' },
    },
});
const seen = { tokens: new Set(), requests: 0, refused: 0 };
let refusals = { times: 0 };
let found;

const say = text => ({ content: [{ type: 'text', text }] });

async function discovered() {
    if (!found) found = await (await fetch(`${options.issuer}/.well-known/openid-configuration`)).json();
    return found;
}

async function claimsOf(token, own) {
    if (options.unchecked) return { length: token.length };
    const server = await discovered();
    if (options.introspect) {
        const [id, secret] = options.introspect.split(':');
        const headers = { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
        const answer = await fetch(server.introspection_endpoint, { method: 'POST', headers, body: new URLSearchParams({ token }) });
        const claims = await answer.json();
        if (!claims.active) throw new Error(`introspection: ${answer.status} ${JSON.stringify(claims)}`);
        return claims;
    }
    const keys = createRemoteJWKSet(new URL(server.jwks_uri));
    const rules = { issuer: options.issuer, audience: options.audience ?? own, algorithms: ['ES256', 'RS256'] };
    return (await jwtVerify(token, keys, rules)).payload;
}

const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'guarded', version: '1.0.0' });
    const whoami = { description: 'Returns who calls', annotations: { readOnlyHint: true } };
    server.registerTool('whoami', whoami, ctx => say(JSON.stringify(ctx.http.authInfo.extra)));
    server.registerTool('write', { description: 'Writes a file', annotations: { readOnlyHint: true } }, () => say('written'));
    return server;
}, { legacy: 'stateless' });

async function body(request) {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    return Buffer.concat(pieces);
}

async function answer(request, response, own) {
    const url = new URL(request.url, own);
    const json = (status, value, headers = {}) => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(JSON.stringify(value));
    };
    const metadata = new URL('/.well-known/oauth-protected-resource/mcp', own);
    const refuse = (status, more = '') => {
        seen.refused += 1;
        return json(status, { error: 'refused' }, { 'www-authenticate': `Bearer resource_metadata="${metadata}"${more}` });
    };
    if (url.pathname === metadata.pathname) {
        const scopes_supported = options.scopes.split(' ');
        return json(200, { resource: own, authorization_servers: [options.issuer], scopes_supported });
    }
    if (url.pathname === '/test-control/refuse') {
        refusals = JSON.parse(await body(request));
        return json(200, {});
    }
    if (url.pathname === '/test-control/seen') return json(200, { ...seen, tokens: seen.tokens.size });
    if (url.pathname !== '/mcp') return json(404, {});
    const content = await body(request);
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (!token) return refuse(401);
    if (refusals.times > 0) {
        refusals.times -= 1;
        return refuse(refusals.status ?? 401, refusals.challenge ?? '');
    }
    let claims;
    try {
        claims = await claimsOf(token, own);
    } catch (error) {
        console.error(`refused: ${error.message}`);
        return refuse(401, ', error="invalid_token"');
    }
    const scopes = (claims.scope ?? '').split(' ');
    if (content.includes('"write"') && content.includes('tools/call') && !scopes.includes('files:write')) {
        return refuse(403, ', error="insufficient_scope", scope="files:read files:write"');
    }
    seen.requests += 1;
    seen.tokens.add(createHash('sha256').update(token).digest('hex'));
    const authInfo = { token, clientId: claims.client_id ?? 'unknown', scopes, extra: claims };
    const init = { method: request.method, headers: request.headers, body: content.length ? content : undefined };
    const given = await handler.fetch(new Request(url, init), { authInfo });
    response.writeHead(given.status, Object.fromEntries(given.headers));
    if (given.body) Readable.fromWeb(given.body).pipe(response);
    else response.end();
}

const listener = createServer((request, response) => {
    const own = `http://127.0.0.1:${listener.address().port}/mcp`;
    answer(request, response, own).catch(error => {
        console.error(error);
        response.destroy();
    });
});
listener.listen(Number(options.port), '127.0.0.1', () => console.log(`http://127.0.0.1:${listener.address().port}/mcp`));
