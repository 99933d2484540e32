// What the client scripts share: arguments, the walk's expectations, the summary.

export const SAID = 'héllo, wörld ✓';
export const RESOURCE = 'test://static-text';

const USAGE = "usage: PEER [--mode M] [--prefix P] [--header 'NAME: VALUE']… (--tour | URL | -- COMMAND ARGS…)";

export function options(defaultMode) {
    const words = process.argv.slice(2);
    const split = words.includes('--') ? words.indexOf('--') : words.length;
    const parsed = { mode: defaultMode, prefix: '', headers: {}, url: undefined, tour: false, command: words.slice(split + 1) };
    const before = words.slice(0, split);
    while (before.length > 0) {
        const word = before.shift();
        if (word === '--mode') parsed.mode = before.shift();
        else if (word === '--prefix') parsed.prefix = before.shift();
        else if (word === '--tour') parsed.tour = true;
        else if (word === '--header') {
            const [name, value] = before.shift().split(': ', 2);
            parsed.headers[name] = value;
        } else parsed.url = word;
    }
    if ([Boolean(parsed.url), parsed.command.length > 0, parsed.tour].filter(Boolean).length !== 1) {
        console.error(USAGE);
        process.exit(2);
    }
    return parsed;
}

// Runs the walk and prints its summary; exit 0 when everything came back as it should.
export async function finish(peer, walk) {
    let summary;
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error('no end within 60 s')), 60_000).unref());
    try {
        summary = await Promise.race([walk(), late]);
    } catch (error) {
        summary = { error: `${error?.name ?? 'Error'}: ${error?.message ?? error}` };
    }
    const ok =
        summary.echo === SAID && summary.resource.includes('static text') && summary.prompt.includes('simple prompt');
    console.log(JSON.stringify({ peer, ok, ...summary }));
    process.exit(ok ? 0 : 1);
}

// The four steps, for clients with the methods of the TypeScript library.
export async function fourSteps(client, prefix) {
    const { tools } = await client.listTools();
    const echo = await client.callTool({ name: `${prefix}echo`, arguments: { text: SAID } });
    const resource = await client.readResource({ uri: RESOURCE });
    const prompt = await client.getPrompt({ name: `${prefix}test_simple_prompt` });
    return {
        server: client.getServerVersion()?.name,
        tools: tools.length,
        echo: echo.content[0].text,
        resource: resource.contents[0].text,
        prompt: prompt.messages[0].content.text,
    };
}
