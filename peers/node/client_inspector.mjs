// The Inspector's command line, once per step. --mode legacy (its own default), auto, modern, or sse for HTTP+SSE of
// 2024-11-05.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { finish, options, RESOURCE, SAID } from './common.mjs';
import { serve, visit } from './tour.mjs';

const PEER = 'inspector';
const { url, command, headers, prefix, mode, tour } = options('auto');
const launcher = new URL('../node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js', import.meta.url);

function step(...flags) {
    return run(url, ...flags);
}

async function run(url, ...flags) {
    const more = Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]);
    const [era, transport] = mode === 'sse' ? ['legacy', 'sse'] : [mode, 'http'];
    const method = ['--method', ...flags, '--protocol-era', era, '--format', 'json'];
    const words = url ? ['--cli', url, '--transport', transport, ...method, ...more] : ['--cli', ...method, '--', ...command];
    const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(launcher), ...words], {
        maxBuffer: 64 << 20,
    });
    const answer = JSON.parse(stdout);
    return answer.result ?? answer;
}

// It calls, and ends: it neither waits for a change nor answers a question.
const atUrl = url => ({
    list: async () => (await run(url, 'tools/list')).tools.map(tool => tool.name),
    call: async op => textOf(await run(url, 'tools/call', '--tool-name', op.name, '--tool-args-json', JSON.stringify(op.arguments ?? {}))),
    read: async uri => (await run(url, 'resources/read', '--uri', uri)).contents[0].text,
    prompt: async op => {
        const words = Object.entries(op.arguments ?? {}).flatMap(([name, value]) => ['--prompt-args', `${name}=${value}`]);
        return (await run(url, 'prompts/get', '--prompt-name', op.name, ...words)).messages[0].content.text;
    },
});

function textOf({ content }) {
    return content.map(block => block.text ?? '').join('');
}

async function meet({ url, ops }) {
    return { saw: await visit(atUrl(url), ops) };
}

async function walk() {
    const { tools } = await step('tools/list');
    const echo = await step('tools/call', '--tool-name', `${prefix}echo`, '--tool-arg', `text=${SAID}`);
    const resource = await step('resources/read', '--uri', RESOURCE);
    const prompt = await step('prompts/get', '--prompt-name', `${prefix}test_simple_prompt`);
    return {
        tools: tools.length,
        echo: echo.content[0].text,
        resource: resource.contents[0].text,
        prompt: prompt.messages[0].content.text,
    };
}

await (tour ? serve(PEER, meet) : finish(PEER, walk));
