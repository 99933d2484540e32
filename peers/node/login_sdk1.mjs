// A client on the TypeScript library, version 1, that knows an address and nothing else. login_sdk1.mjs [--document URL] URL

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { login } from './login.mjs';

await login('typescript-1', {
    client: () => new Client({ name: 'doorward-peer', version: '1.0.0' }),
    transport: (url, options) => new StreamableHTTPClientTransport(url, options),
    finish: (transport, answer) => transport.finishAuth(answer.get('code')),
    more: () => ({}),
});
