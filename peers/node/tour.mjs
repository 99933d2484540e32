// A client that stays: one job per line on standard input, one line of what it saw on standard output.
//
// A job is `{"url": …, "ops": {…}}`. Each operation gives what was seen, or `{"error": …}`; whether that is right, the reader
// decides. `README.md` lists the operations.

import { createInterface } from 'node:readline';

const PATIENCE = 15_000;
const UPDATED = 'notifications/resources/updated';
const CHANGES = { tools: 'notifications/tools/list_changed', resources: 'notifications/resources/list_changed' };
export const TOLD = [UPDATED, ...Object.values(CHANGES)];

// What happens on one visit, with the methods that both versions of the library have.
export class Tour {
    asked = [];
    answer = {};
    heard = [];

    constructor(client, isModern) {
        this.client = client;
        this.isModern = isModern;
    }

    // What the library calls.

    onElicit(params) {
        this.asked.push(params.message);
        return { action: 'accept', content: this.answer };
    }

    onNotification({ method, params }) {
        this.heard.push({ method, uri: params?.uri });
    }

    // What differs between the versions.

    request(op, _options) {
        throw new Error(`cannot call ${op.name}`);
    }

    // The operations.

    async say(op, options) {
        const { content } = await this.request({ name: op.name, arguments: op.arguments ?? {} }, options);
        return content.map(block => block.text ?? '').join('');
    }

    async list() {
        return (await this.client.listTools()).tools.map(tool => tool.name);
    }

    call(op) {
        return this.say(op);
    }

    async read(uri) {
        return (await this.client.readResource({ uri })).contents[0].text;
    }

    async prompt(op) {
        const { messages } = await this.client.getPrompt({ name: op.name, arguments: op.arguments ?? {} });
        return messages[0].content.text;
    }

    async progress(op) {
        const steps = [];
        await this.say(op, { onprogress: ({ progress }) => steps.push(progress) });
        return steps;
    }

    async cancel(op) {
        const before = await this.count(op);
        const abort = new AbortController();
        const call = this.say(op, { signal: abort.signal, onprogress: () => abort.abort('enough') });
        setTimeout(() => abort.abort('enough'), 1000).unref();
        const ended = await call.then(text => text, () => (abort.signal.aborted ? 'cancelled' : 'failed'));
        let counted = 0;
        for (let i = 0; i < 40 && counted === 0; i++) {
            await new Promise(done => setTimeout(done, 50));
            counted = (await this.count(op)) - before;
        }
        return { ended, counted };
    }

    async count(op) {
        return JSON.parse(await this.say(op.count))[op.key] ?? 0;
    }

    async elicit(op) {
        [this.asked, this.answer] = [[], op.answer];
        const text = await this.say(op);
        return { asked: this.asked, text };
    }

    async changed(op) {
        if (!this.isModern) return this.heardAfter(op, CHANGES[op.kind]);
        const stream = await this.client.listen({ [`${op.kind}ListChanged`]: true });
        return this.heardAfter(op, CHANGES[op.kind]).finally(() => stream.close());
    }

    async updated(op) {
        const seen = await this.touched(op);
        if (op.switch) await this.say(op);
        return seen;
    }

    async touched(op) {
        if (this.isModern) {
            const stream = await this.client.listen({ resourceSubscriptions: [op.uri] });
            return this.heardAfter(op, UPDATED).finally(() => stream.close());
        }
        await this.client.subscribeResource({ uri: op.uri });
        const seen = await this.heardAfter(op, UPDATED);
        await this.client.unsubscribeResource({ uri: op.uri });
        return seen;
    }

    async heardAfter(op, method) {
        this.heard = [];
        await this.say(op);
        for (;;) {
            const found = this.heard.find(said => said.method === method);
            if (found) return found.uri ?? method;
            await new Promise(done => setTimeout(done, 20));
        }
    }
}

export async function visit(tour, ops) {
    const saw = {};
    for (const [name, op] of Object.entries(ops)) {
        saw[name] = await within(PATIENCE, () => tour[name](op)).catch(error => ({ error: reason(error) }));
    }
    return saw;
}

// `meet(job)` connects, visits and gives what was seen.
export async function serve(peer, meet) {
    for await (const line of createInterface({ input: process.stdin })) {
        const job = JSON.parse(line);
        const seen = await within(120_000, () => meet(job)).catch(error => ({ error: reason(error) }));
        console.log(JSON.stringify({ peer, ...seen }));
    }
    process.exit(0);
}

function within(ms, run) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no end within ${ms / 1000} s`)), ms);
    });
    return Promise.race([run(), late]).finally(() => clearTimeout(timer));
}

function reason(error) {
    return `${error?.name ?? 'Error'}: ${error?.message ?? error}`;
}
