// The pages that a human sees, as plain as a form can be: one to log in, one to consent.

const PASSWORD = 'correct horse';

const escape = text => String(text).replace(/[&<>"]/g, sign => `&#${sign.charCodeAt(0)};`);

function page(response, status, fields) {
    response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
    response.end(`<!doctype html><title>provider</title><form method="post" action="">${fields}</form>`);
}

const login = message => `<p>${escape(message)}</p>
<input name="login"><input name="password" type="password"><button type="submit">Log in</button>`;

const consent = (client, scope) => `<p>${escape(client)} asks for ${escape(scope)}</p>
<button type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Deny</button>`;

export async function interact(service, request, response) {
    const { provider } = service;
    const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
    if (request.method === 'GET') {
        if (prompt.name === 'login') return page(response, 200, login('Who are you?'));
        return page(response, 200, consent(params.client_id, params.scope));
    }
    const form = await body(request);
    if (prompt.name === 'login') {
        const user = service.users.get(form.get('login'));
        if (!user || form.get('password') !== (user.password ?? PASSWORD)) {
            return page(response, 401, login('That is not right.'));
        }
        const result = { login: { accountId: user.id, acr: user.acr, amr: user.amr, remember: true } };
        return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    }
    if (form.get('decision') !== 'allow') {
        const refused = { error: 'access_denied', error_description: 'the user said no' };
        return provider.interactionFinished(request, response, refused, { mergeWithLastSubmission: false });
    }
    const grant = await granted(provider, { session, params, grantId }, prompt.details);
    return provider.interactionFinished(request, response, { consent: { grantId: grant } });
}

async function granted(provider, { session, params, grantId }, missing) {
    const fresh = () => new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    const grant = grantId ? await provider.Grant.find(grantId) : fresh();
    if (missing.missingOIDCScope) grant.addOIDCScope(missing.missingOIDCScope.join(' '));
    if (missing.missingOIDCClaims) grant.addOIDCClaims(missing.missingOIDCClaims);
    for (const [resource, scopes] of Object.entries(missing.missingResourceScopes ?? {})) {
        grant.addResourceScope(resource, scopes.join(' '));
    }
    return grant.save();
}

export async function body(request) {
    let text = '';
    for await (const piece of request) text += piece;
    return new URLSearchParams(text);
}
