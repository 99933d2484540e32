// The Inspector's command line, once per step. --mode legacy (its own default), auto, modern, or sse for HTTP+SSE of
// 2024-11-05.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { finish, options, RESOURCE, SAID } from './common.mjs';

const { url, command, headers, prefix, mode } = options('auto');
const launcher = new URL('../node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js', import.meta.url);

async function step(...flags) {
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

await finish('inspector', async () => {
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
});
