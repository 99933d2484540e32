// A client that does whatever its server offers, for the `client` mode of the conformance suite: it lists and calls every
// tool, reads every resource, expands every prompt, and answers every question with what the question says is usual.
// The suite names the revision in MCP_CONFORMANCE_PROTOCOL_VERSION and the calls that it wants, if it wants special ones, in
// MCP_CONFORMANCE_CONTEXT; the URL is the last argument.

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const url = process.argv.at(-1);
const env = process.env;
const modern = (env.MCP_CONFORMANCE_PROTOCOL_VERSION ?? '') >= '2026';
const context = JSON.parse(env.MCP_CONFORMANCE_CONTEXT ?? '{}');
// The suite looks at what a client does when its stream ends, and when: the client must live as long.
const LINGER = { 'sse-retry': 3500 }[env.MCP_CONFORMANCE_SCENARIO] ?? 0;

const client = new Client(
    { name: 'doorward-peer', version: '1.0.0' },
    {
        capabilities: { elicitation: { form: { applyDefaults: true } }, sampling: {}, roots: {} },
        versionNegotiation: { mode: modern ? 'auto' : 'legacy' },
    },
);
client.setRequestHandler('elicitation/create', async () => ({ action: 'accept', content: {} }));
client.setRequestHandler('sampling/createMessage', async () => ({
    model: 'none',
    role: 'assistant',
    content: { type: 'text', text: 'four' },
}));
client.setRequestHandler('roots/list', async () => ({ roots: [{ uri: 'file:///work', name: 'work' }] }));

// A value that a schema allows, for schemas as simple as those of the suite.
function usual(schema) {
    if (schema?.default !== undefined) return schema.default;
    if (schema?.enum) return schema.enum[0];
    const kind = [schema?.type].flat()[0];
    if (kind === 'number' || kind === 'integer') return 2;
    if (kind === 'boolean') return true;
    if (kind === 'array') return [];
    if (kind === 'object') return argumentsFor(schema);
    return 'text';
}

function argumentsFor(schema) {
    const all = Object.entries(schema?.properties ?? {});
    return Object.fromEntries(all.filter(([name]) => schema.required?.includes(name)).map(([name, one]) => [name, usual(one)]));
}

// What fails is the server's to count.
async function step(what, act) {
    try {
        return await act();
    } catch (error) {
        console.error(`${what}: ${error?.message ?? error}`);
    }
}

await client.connect(new StreamableHTTPClientTransport(new URL(url)));
const offered = client.getServerCapabilities() ?? {};
if (offered.tools) {
    const { tools } = (await step('tools/list', () => client.listTools())) ?? { tools: [] };
    const calls = context.toolCalls ?? tools.map(tool => ({ name: tool.name, arguments: argumentsFor(tool.inputSchema) }));
    // A tool that wants a schema gets one as it came.
    for (const call of calls) if (call.arguments.schema) call.arguments.schema = tools[0].inputSchema;
    for (const call of calls) await step(call.name, () => client.callTool(call));
}
if (offered.resources) {
    const { resources } = (await step('resources/list', () => client.listResources())) ?? { resources: [] };
    for (const { uri } of resources) await step(uri, () => client.readResource({ uri }));
}
if (offered.prompts) {
    const { prompts } = (await step('prompts/list', () => client.listPrompts())) ?? { prompts: [] };
    for (const { name } of prompts) await step(name, () => client.getPrompt({ name }));
}
await new Promise(resolve => setTimeout(resolve, LINGER));
await client.close();
process.exit(0);
