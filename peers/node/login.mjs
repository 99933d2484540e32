// What both clients of the TypeScript library do that know an address and nothing else: log in, call, renew, call again.
//
// Where a browser is needed they print {"open": URL} and read the address that the browser was sent back to from standard
// input. Their last line is the summary.

import { createInterface } from 'node:readline';

import { SAID } from './common.mjs';

const BACK = 'http://127.0.0.1:1/callback';
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

class Memory {
    constructor(document) {
        if (document) this.clientMetadataUrl = document;
    }
    redirectUrl = BACK;
    clientMetadata = { client_name: 'TypeScript client', redirect_uris: [BACK], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], token_endpoint_auth_method: 'none' };
    state = () => 'a state of its own';
    clientInformation = () => this.client;
    saveClientInformation = client => void (this.client = client);
    tokens = () => this.saved;
    saveTokens = tokens => void (this.saved = tokens);
    redirectToAuthorization = url => console.log(JSON.stringify({ open: url.href }));
    saveCodeVerifier = verifier => void (this.verifier = verifier);
    codeVerifier = () => this.verifier;
    saveDiscoveryState = state => void (this.discovered = state);
    discoveryState = () => this.discovered;
    invalidateCredentials = () => void (this.saved = undefined);
}

// `sdk` is what the versions differ in: `client()`, `transport(url, options)`, `finish(transport, answer)`, `more(client)`.
export async function login(peer, sdk) {
    const words = process.argv.slice(2);
    const at = words.indexOf('--document');
    const document = at >= 0 ? words.splice(at, 2)[1] : undefined;
    let summary;
    try {
        summary = await walk(sdk, new URL(words[0]), document);
    } catch (error) {
        summary = { error: `${error?.name ?? 'Error'}: ${error?.message ?? error}` };
    }
    const ok = summary.echo === SAID && summary.again === SAID && summary.renewed;
    console.log(JSON.stringify({ peer, ok, ...summary }));
    process.exit(0);
}

async function walk(sdk, url, document) {
    const memory = new Memory(document);
    const client = await connect(sdk, url, memory);
    const say = async () => (await client.callTool({ name: 'echo', arguments: { text: SAID } })).content[0].text;
    const echo = await say();
    // As after the end of the first token: it is not good any more.
    const first = memory.saved.access_token;
    memory.saved = { ...memory.saved, access_token: `${first.slice(0, -8)}AAAAAAAA` };
    const again = await say();
    const summary = { ...sdk.more(client), client: memory.client?.client_id, echo, again, renewed: memory.saved.access_token !== first };
    await client.close();
    return summary;
}

async function connect(sdk, url, authProvider) {
    const client = sdk.client();
    const transport = sdk.transport(url, { authProvider });
    try {
        await client.connect(transport);
        return client;
    } catch (error) {
        if (!/unauthorized/i.test(`${error?.name} ${error?.constructor?.name} ${error?.message}`)) throw error;
    }
    const { value: line } = await lines.next();
    await sdk.finish(transport, new URL(line.trim()).searchParams);
    return connect(sdk, url, authProvider);
}
