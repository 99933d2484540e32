// A client on the TypeScript library, version 2. --mode legacy (its own default), auto, a revision to insist on, or sse
// for HTTP+SSE of 2024-11-05.

import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { finish, fourSteps, options } from './common.mjs';
import { serve, TOLD, Tour, visit } from './tour.mjs';

const PEER = 'typescript-2';
const ME = { name: 'doorward-peer', version: '1.0.0' };
const { url, command, headers, prefix, mode, tour } = options('auto');
const Http = mode === 'sse' ? SSEClientTransport : StreamableHTTPClientTransport;
const versionNegotiation = { mode: mode.startsWith('20') ? { pin: mode } : mode === 'sse' ? 'legacy' : mode };

class Tour2 extends Tour {
    request(params, options) {
        return this.client.callTool(params, options);
    }
}

async function meet({ url, ops }) {
    const client = new Client(ME, { versionNegotiation, capabilities: { elicitation: {} } });
    const tour = new Tour2(client, false);
    client.setRequestHandler('elicitation/create', ({ params }) => tour.onElicit(params));
    for (const method of TOLD) client.setNotificationHandler(method, notification => tour.onNotification(notification));
    await client.connect(new Http(new URL(url)));
    const version = client.getNegotiatedProtocolVersion();
    tour.isModern = version >= '2026';
    const saw = await visit(tour, ops);
    await client.close();
    return { version, saw };
}

async function walk() {
    const client = new Client(ME, { versionNegotiation });
    const transport = url
        ? new Http(new URL(url), { requestInit: { headers } })
        : new StdioClientTransport({ command: command[0], args: command.slice(1) });
    await client.connect(transport);
    const summary = { version: client.getNegotiatedProtocolVersion(), ...(await fourSteps(client, prefix)) };
    await client.close();
    return summary;
}

await (tour ? serve(PEER, meet) : finish(PEER, walk));
