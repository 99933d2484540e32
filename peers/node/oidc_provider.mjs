// An OpenID provider for tests: the npm package `oidc-provider` with users, clients and resources from a JSON argument.
//
//   oidc_provider.mjs [--port N] [--options JSON]
//
// Prints its issuer when it listens. `oidc/provider.mjs` says what the options are. What lies under /test-control/ and
// /workload/ is for tests and no part of any standard: `oidc/control.mjs`.

import { createServer } from 'node:http';

import { Control } from './oidc/control.mjs';
import { interact } from './oidc/pages.mjs';
import { Service } from './oidc/provider.mjs';

const word = name => process.argv[process.argv.indexOf(name) + 1];
const given = name => (process.argv.includes(name) ? word(name) : undefined);

// The first line on standard output is the issuer; the library says its notices there too.
console.info = console.error;

const server = createServer((request, response) => {
    serve(request, response).catch(error => {
        console.error(error);
        if (!response.headersSent) response.writeHead(500);
        response.end();
    });
});
await new Promise(resolve => server.listen(Number(given('--port') ?? 0), '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
const service = await Service.start(issuer, JSON.parse(given('--options') ?? '{}'));
const control = new Control(service);
console.log(issuer);

async function serve(request, response) {
    const path = new URL(request.url, issuer).pathname;
    if (path.startsWith('/test-control/') || path.startsWith('/workload/')) return control.answer(path, request, response);
    if (await control.disturb(path, request, response)) return undefined;
    if (path.startsWith('/interaction/')) return interact(service, request, response);
    return service.provider.callback()(request, response);
}
