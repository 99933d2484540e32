// A client on the TypeScript library, version 2, that knows an address and nothing else. login_sdk2.mjs [--document URL] URL

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { login } from './login.mjs';

await login('typescript-2', {
    client: () => new Client({ name: 'doorward-peer', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } }),
    transport: (url, options) => new StreamableHTTPClientTransport(url, options),
    finish: (transport, answer) => transport.finishAuth(answer),
    more: client => ({ version: client.getNegotiatedProtocolVersion() }),
});
