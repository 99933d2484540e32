// A test server on the TypeScript library, version 2, over HTTP: `[--port N] [--era both|legacy|modern]`. Prints its URL as the
// first line; port 0 lets the system choose. Names are those of the other test servers.

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import {
    acceptedContent,
    createMcpHandler,
    fromJsonSchema,
    inputRequired,
    isLegacyRequest,
    McpServer,
    WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';

const { values: options } = parseArgs({
    options: { port: { type: 'string', default: '0' }, era: { type: 'string', default: 'both' } },
});
const WATCHED = 'test://watched-resource';
const counts = {};
// Sessions of the older era, by id: each has a server and a transport of its own.
const sessions = new Map();
// What each server was asked to tell of.
const watched = new WeakMap();

const say = text => ({ content: [{ type: 'text', text }] });
const pause = ms => new Promise(done => setTimeout(done, ms));
const takes = (name, type) =>
    fromJsonSchema({ type: 'object', properties: { [name]: { type } }, required: [name] });

async function report(ctx, progress, total) {
    const progressToken = ctx.mcpReq._meta?.progressToken;
    if (progressToken === undefined) return;
    await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total } });
}

function build() {
    const capabilities = { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true }, prompts: {} };
    const server = new McpServer({ name: 'doorward-typescript-fixture', version: '1.0.0' }, { capabilities });
    const uris = new Set();
    watched.set(server, uris);
    server.server.setRequestHandler('resources/subscribe', ({ params }) => (uris.add(params.uri), {}));
    server.server.setRequestHandler('resources/unsubscribe', ({ params }) => (uris.delete(params.uri), {}));

    server.registerTool('echo', { description: 'Returns its text', inputSchema: takes('text', 'string') }, ({ text }) => say(text));
    server.registerTool('test_tool_with_progress', { description: 'Reports progress 0, 50 and 100' }, async ctx => {
        for (const done of [0, 50, 100]) {
            await report(ctx, done, 100);
            await pause(50);
        }
        return say('Tool with progress executed successfully');
    });
    const slow = 'Takes the given number of milliseconds, reports progress, ends when it is cancelled';
    server.registerTool('slow', { description: slow, inputSchema: takes('ms', 'integer') }, async ({ ms }, ctx) => {
        for (let passed = 0; passed < ms; passed += 50) {
            if (ctx.mcpReq.signal.aborted) {
                counts['slow.cancelled'] = (counts['slow.cancelled'] ?? 0) + 1;
                return say('cancelled');
            }
            await report(ctx, passed, ms);
            await pause(50);
        }
        return say(`took ${ms} ms`);
    });
    server.registerTool('count_calls', { description: 'Returns how often things happened' }, () => say(JSON.stringify(counts)));
    const asks = { description: 'Asks the user for a name', inputSchema: takes('message', 'string') };
    // The library asks clients of the older era by itself, and calls again with their answer.
    server.registerTool('test_elicitation', asks, ({ message }, ctx) => {
        const answer = acceptedContent(ctx.mcpReq.inputResponses, 'user');
        if (answer) return say(`User response: ${JSON.stringify(answer)}`);
        const requestedSchema = { type: 'object', properties: { username: { type: 'string' } }, required: ['username'] };
        return inputRequired({ inputRequests: { user: inputRequired.elicit({ message, requestedSchema }) } });
    });
    server.registerTool('test_trigger_tool_change', { description: 'Announces a change of the tools' }, async () => {
        modern.notify.toolsChanged();
        for (const { server } of sessions.values()) await server.server.sendToolListChanged();
        return say('the list of tools changed');
    });
    const touch = { description: 'Announces to those who watch it that a resource changed', inputSchema: takes('uri', 'string') };
    server.registerTool('touch_resource', touch, async ({ uri }) => {
        modern.notify.resourceUpdated(uri);
        for (const { server } of sessions.values()) {
            if (watched.get(server).has(uri)) await server.server.sendResourceUpdated({ uri });
        }
        return say(`touched ${uri}`);
    });

    const mimeType = 'text/plain';
    const texts = { 'test://static-text': 'This is the content of the static text resource.', [WATCHED]: 'The content that is watched.' };
    for (const [uri, text] of Object.entries(texts)) {
        const name = uri.slice('test://'.length);
        server.registerResource(name, uri, { mimeType }, () => ({ contents: [{ uri, mimeType, text }] }));
    }
    const content = { type: 'text', text: 'This is a simple prompt for testing.' };
    server.registerPrompt('test_simple_prompt', { description: 'One message' }, () => ({ messages: [{ role: 'user', content }] }));
    return server;
}

const modern = createMcpHandler(build, { legacy: 'reject' });

// The sessions of the older era, with one transport each.
async function legacy(request) {
    const known = sessions.get(request.headers.get('mcp-session-id'));
    if (known) return known.transport.handleRequest(request);
    const session = {
        server: build(),
        transport: new WebStandardStreamableHTTPServerTransport({
            sessionIdGenerator: randomUUID,
            onsessioninitialized: id => void sessions.set(id, session),
            onsessionclosed: id => void sessions.delete(id),
        }),
    };
    await session.server.connect(session.transport);
    return session.transport.handleRequest(request);
}

async function answer(request) {
    if (options.era === 'modern' || !(await isLegacyRequest(request))) {
        // A server that knows only the older era answers with its plain 400.
        if (options.era === 'legacy') return new Response('Bad Request: Unsupported protocol version', { status: 400 });
        return modern.fetch(request);
    }
    return legacy(request);
}

const listener = createServer(async (req, res) => {
    const gone = new AbortController();
    res.on('close', () => gone.abort());
    const body = ['GET', 'HEAD'].includes(req.method) ? undefined : Readable.toWeb(req);
    const init = { method: req.method, headers: req.headers, body, duplex: 'half', signal: gone.signal };
    try {
        const response = await answer(new Request(new URL(req.url, `http://${req.headers.host}`), init));
        res.writeHead(response.status, Object.fromEntries(response.headers));
        res.flushHeaders();
        if (response.body) {
            const stream = Readable.fromWeb(response.body).on('error', () => res.destroy());
            res.on('close', () => stream.destroy());
            stream.pipe(res);
        } else res.end();
    } catch (error) {
        console.error(error);
        res.destroy();
    }
});
listener.listen(Number(options.port), '127.0.0.1', () => console.log(`http://127.0.0.1:${listener.address().port}/mcp`));
