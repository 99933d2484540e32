// A client on the TypeScript library, version 1. It knows revisions up to 2025-11-25. --mode sse speaks HTTP+SSE of
// 2024-11-05.

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { finish, fourSteps, options } from './common.mjs';

const { url, command, headers, prefix, mode } = options('legacy');
const Http = mode === 'sse' ? SSEClientTransport : StreamableHTTPClientTransport;

await finish('typescript-1', async () => {
    const client = new Client({ name: 'doorward-peer', version: '1.0.0' });
    const transport = url
        ? new Http(new URL(url), { requestInit: { headers } })
        : new StdioClientTransport({ command: command[0], args: command.slice(1) });
    await client.connect(transport);
    const summary = { version: transport.protocolVersion, ...(await fourSteps(client, prefix)) };
    await client.close();
    return summary;
});
