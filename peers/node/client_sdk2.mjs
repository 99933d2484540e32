// A client on the TypeScript library, version 2. --mode legacy (its own default), auto, a revision to insist on, or sse
// for HTTP+SSE of 2024-11-05.

import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { finish, fourSteps, options } from './common.mjs';

const { url, command, headers, prefix, mode } = options('auto');
const Http = mode === 'sse' ? SSEClientTransport : StreamableHTTPClientTransport;

await finish('typescript-2', async () => {
    const negotiation = { mode: mode.startsWith('20') ? { pin: mode } : mode === 'sse' ? 'legacy' : mode };
    const client = new Client({ name: 'doorward-peer', version: '1.0.0' }, { versionNegotiation: negotiation });
    const transport = url
        ? new Http(new URL(url), { requestInit: { headers } })
        : new StdioClientTransport({ command: command[0], args: command.slice(1) });
    await client.connect(transport);
    const summary = { version: client.getNegotiatedProtocolVersion(), ...(await fourSteps(client, prefix)) };
    await client.close();
    return summary;
});
