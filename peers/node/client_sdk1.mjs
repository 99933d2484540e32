// A client on the TypeScript library, version 1. It knows revisions up to 2025-11-25. --mode sse speaks HTTP+SSE of
// 2024-11-05.

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
    ElicitRequestSchema,
    ResourceListChangedNotificationSchema,
    ResourceUpdatedNotificationSchema,
    ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { finish, fourSteps, options } from './common.mjs';
import { serve, Tour, visit } from './tour.mjs';

const PEER = 'typescript-1';
const TOLD = [ResourceListChangedNotificationSchema, ResourceUpdatedNotificationSchema, ToolListChangedNotificationSchema];
const { url, command, headers, prefix, mode, tour } = options('legacy');
const Http = mode === 'sse' ? SSEClientTransport : StreamableHTTPClientTransport;

class Tour1 extends Tour {
    request(params, options) {
        return this.client.callTool(params, undefined, options);
    }
}

async function meet({ url, ops }) {
    const client = new Client({ name: 'doorward-peer', version: '1.0.0' }, { capabilities: { elicitation: {} } });
    const tour = new Tour1(client, false);
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => tour.onElicit(params));
    for (const schema of TOLD) client.setNotificationHandler(schema, notification => tour.onNotification(notification));
    const transport = new Http(new URL(url));
    await client.connect(transport);
    const saw = await visit(tour, ops);
    const version = transport.protocolVersion;
    await client.close();
    return { version, saw };
}

async function walk() {
    const client = new Client({ name: 'doorward-peer', version: '1.0.0' });
    const transport = url
        ? new Http(new URL(url), { requestInit: { headers } })
        : new StdioClientTransport({ command: command[0], args: command.slice(1) });
    await client.connect(transport);
    const summary = { version: transport.protocolVersion, ...(await fourSteps(client, prefix)) };
    await client.close();
    return summary;
}

await (tour ? serve(PEER, meet) : finish(PEER, walk));
