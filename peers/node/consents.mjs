// A client of a gateway whose server wants its people to sign in: makes the calls, and where a call is answered with an
// address, opens it as the person's browser would, and calls again.
//
//   consents.mjs URL
//
// Ends with 1 where a call did not work after all.

import { request } from 'node:http';

const url = process.argv.at(-1);
const modern = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION === '2026-07-28';
const version = modern ? '2026-07-28' : '2025-11-25';
/** How often one call is made: who is asked again and again stops. */
const TRIES = 4;

const info = { name: 'consents', version: '1' };
let session;
let last = 0;

async function send(method, params = {}, notify = false) {
    const meta = { 'io.modelcontextprotocol/protocolVersion': version, 'io.modelcontextprotocol/clientInfo': info, 'io.modelcontextprotocol/clientCapabilities': {} };
    const body = { jsonrpc: '2.0', method, params: modern ? { ...params, _meta: meta } : params };
    if (!notify) body.id = ++last;
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': version };
    if (modern) headers['mcp-method'] = method;
    if (modern && params.name) headers['mcp-name'] = params.name;
    if (session) headers['mcp-session-id'] = session;
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    session ??= response.headers.get('mcp-session-id') ?? undefined;
    const text = await response.text();
    const messages = text.startsWith('{')
        ? [JSON.parse(text)]
        : text.split('\n').filter(line => line.startsWith('data: {')).map(line => JSON.parse(line.slice(6)));
    return messages.find(message => message.id === body.id) ?? { status: response.status };
}

const cookies = new Map();

/** One request of the browser, without following where it leads. */
function open(place) {
    const jar = cookies.get(place.origin) ?? new Map();
    const headers = { host: place.host, accept: 'text/html', cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') };
    if (!jar.size) delete headers.cookie;
    return new Promise((resolve, reject) => {
        const asked = request(place, { headers }, response => {
            for (const set of response.headers['set-cookie'] ?? []) {
                const [name, ...value] = set.split(';')[0].split('=');
                jar.set(name, value.join('='));
            }
            cookies.set(place.origin, jar);
            let body = '';
            response.on('data', chunk => (body += chunk));
            response.on('end', () => resolve({ status: response.statusCode, location: response.headers.location, body }));
        });
        asked.on('error', reject).end();
    });
}

/** Opens an address and goes wherever it leads; whether an account is connected at the end. */
async function consent(address) {
    let place = new URL(address);
    for (let step = 0; step < 12; step++) {
        const page = await open(place);
        if (!page.location) {
            console.error(`${place.origin}${place.pathname}: ${page.status} ${page.body.replace(/<style>.*<\/style>|<[^>]+>/g, ' ').trim().slice(0, 300)}`);
            return page.status === 200;
        }
        place = new URL(page.location, place);
    }
    return false;
}

const said = answer => JSON.stringify(answer.result ?? answer.error ?? answer);

/** Makes a request until it works, with a consent in between where one is asked for. */
async function ask(method, params) {
    let answer;
    for (let tries = 0; tries < TRIES; tries++) {
        answer = await send(method, params);
        const address = said(answer).match(/https?:\/\/[^\s"\\]+\/oauth\/connect\?[^\s"\\]+/)?.[0].replace(/[.,]$/, '');
        if (!address) break;
        if (!(await consent(address))) break;
    }
    console.error(`${method} ${params?.name ?? ''}: ${said(answer).slice(0, 300)}`);
    return answer;
}

const works = answer => answer.result !== undefined && answer.result.isError !== true;

if (!modern) {
    const opened = await ask('initialize', { protocolVersion: version, capabilities: {}, clientInfo: info });
    if (!works(opened)) process.exit(1);
    await send('notifications/initialized', {}, true);
}
const listed = await ask('tools/list', {});
if (!works(listed)) process.exit(1);
let good = true;
for (const { name } of listed.result.tools) good = works(await ask('tools/call', { name, arguments: {} })) && good;
// Once more, as a client does that goes on working.
for (const { name } of listed.result.tools.slice(0, 1)) good = works(await ask('tools/call', { name, arguments: {} })) && good;
process.exit(good ? 0 : 1);
