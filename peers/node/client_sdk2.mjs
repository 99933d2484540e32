// A client on the TypeScript library, version 2. --mode legacy (its own default), auto, or a revision to insist on.

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { finish, fourSteps, options } from './common.mjs';

const { url, command, headers, prefix, mode } = options('auto');

await finish('typescript-2', async () => {
    const negotiation = { mode: mode.startsWith('20') ? { pin: mode } : mode };
    const client = new Client({ name: 'doorward-peer', version: '1.0.0' }, { versionNegotiation: negotiation });
    const transport = url
        ? new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } })
        : new StdioClientTransport({ command: command[0], args: command.slice(1) });
    await client.connect(transport);
    const summary = { version: client.getNegotiatedProtocolVersion(), ...(await fourSteps(client, prefix)) };
    await client.close();
    return summary;
});
