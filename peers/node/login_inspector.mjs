// The Inspector's command line, which knows an address and nothing else. login_inspector.mjs [--document URL] URL
//
// Where a browser is needed it prints {"open": URL, "back": PREFIX} and reads the address that the browser was sent back to
// from standard input. Its last line is the summary.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { SAID } from './common.mjs';

const launcher = fileURLToPath(new URL('../node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js', import.meta.url));
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const home = mkdtempSync(join(tmpdir(), 'inspector-'));
const port = await new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => resolve(port));
    });
});

// One call in a process of its own. What it remembers of its login is in its home.
function call(url, more) {
    const words = ['--cli', url, '--transport', 'http', '--method', 'tools/call', '--tool-name', 'echo', '--tool-args-json', JSON.stringify({ text: SAID }),
        '--callback-url', `http://127.0.0.1:${port}/oauth/callback`, '--format', 'json', ...more];
    const env = { ...process.env, HOME: home, BROWSER: 'true', MCP_INSPECTOR_SECRET_STORE: 'file', MCP_AUTO_OPEN_ENABLED: 'true', MCP_STORAGE_DIR: join(home, 'storage') };
    const child = spawn(process.execPath, [launcher, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '', said = '', asked = false;
    child.stdout.on('data', data => (out += data));
    const listen = async data => {
        said += data;
        const open = said.match(/https?:\/\/\S*response_type=code\S*/)?.[0];
        if (asked || !open || !/\s/.test(said.slice(said.indexOf(open) + open.length, said.indexOf(open) + open.length + 1))) return;
        asked = true;
        console.log(JSON.stringify({ open, back: `http://127.0.0.1:${port}/` }));
        const { value } = await lines.next();
        await fetch(value.trim());
    };
    child.stderr.on('data', listen);
    child.stdout.on('data', listen);
    return new Promise((resolve, reject) => child.on('exit', status => {
        const from = out.lastIndexOf('\n{', out.length) >= 0 && !out.startsWith('{') ? out.indexOf('\n{') + 1 : 0;
        try {
            const answer = JSON.parse(out.slice(from));
            resolve({ text: (answer.result ?? answer).content[0].text, asked });
        } catch {
            reject(new Error(`ended (${status}): ${out} ${said}`));
        }
    }));
}

const words = process.argv.slice(2);
const at = words.indexOf('--document');
const more = at >= 0 ? ['--client-metadata-url', words.splice(at, 2)[1]] : [];
let summary;
try {
    const first = await call(words[0], more);
    const second = await call(words[0], [...more, '--stored-auth-only']);
    summary = { client: 'c_', echo: first.text, again: second.text, asked: [first.asked, second.asked] };
} catch (error) {
    summary = { error: `${error?.message ?? error}` };
}
rmSync(home, { recursive: true, force: true });
const ok = summary.echo === SAID && summary.again === SAID && summary.asked[0] && !summary.asked[1];
console.log(JSON.stringify({ peer: 'inspector', ok, ...summary }));
process.exit(0);
