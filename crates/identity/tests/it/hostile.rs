//! Tokens that must not open anything, each with what it is refused as.

use crate::forge::*;
use doorward_identity::{Flaw, Presented, ProofFlaw, Refusal};
use serde_json::{Value, json};

fn token_refusals() -> Vec<(&'static str, String, Refusal)> {
    use Flaw::*;
    let k = keys();
    let good = token(&k.ec, &header(), &claims());
    let parts: Vec<&str> = good.split('.').collect();
    let (h, c, s) = (parts[0], parts[1], parts[2]);
    let invalid = Refusal::Invalid;
    let by = |key: &Key, head: Value| token(key, &head, &claims());
    let text = |claims: &str| raw(&k.ec, &header().to_string(), claims);
    let claims_text = claims().to_string();
    let public = k.rsa.jwk("rsa")["n"].as_str().unwrap().to_owned();
    let ec_public = k.ec.jwk("ec").to_string();
    let mut flipped = s.to_owned();
    flipped.replace_range(10..11, if &s[10..11] == "A" { "B" } else { "A" });
    let deep = |n: usize| {
        (0..n).fold(Value::Null, |inner, i| {
            let mut act = json!({"sub":format!("a{i}")});
            if !inner.is_null() {
                act["act"] = inner;
            }
            act
        })
    };
    vec![
        // The algorithm.
        ("alg none, unsigned", format!("{}.{c}.", b64(r#"{"alg":"none"}"#)), invalid(Form)),
        ("alg none, signed", heading(json!({"alg":"none"})), invalid(Algorithm)),
        ("alg None", heading(json!({"alg":"None"})), invalid(Algorithm)),
        ("alg nOnE", heading(json!({"alg":"nOnE"})), invalid(Algorithm)),
        ("alg missing", heading(json!({"alg":null})), invalid(Algorithm)),
        ("alg a number", heading(json!({"alg":256})), invalid(Header)),
        ("alg a list", heading(json!({"alg":["ES256"]})), invalid(Header)),
        ("alg in another case", heading(json!({"alg":"es256"})), invalid(Algorithm)),
        ("alg with a space", heading(json!({"alg":"ES256 "})), invalid(Algorithm)),
        (
            "HS256 with the RSA modulus",
            by(&Key::Hmac(public.into_bytes()), json!({"alg":"HS256","kid":"rsa"})),
            invalid(Algorithm),
        ),
        (
            "HS256 with the EC key as text",
            by(&Key::Hmac(ec_public.into_bytes()), json!({"alg":"HS256","kid":"ec"})),
            invalid(Algorithm),
        ),
        (
            "HS256 with the key set's secret",
            by(&Key::Hmac(b"secret".to_vec()), json!({"alg":"HS256","kid":"oct"})),
            invalid(Algorithm),
        ),
        ("ES256K", heading(json!({"alg":"ES256K"})), invalid(Algorithm)),
        ("an allowed algorithm of another key", by(&k.ec, json!({"alg":"RS256","kid":"ec"})), invalid(Signature)),
        ("an algorithm that is not on the list", by(&k.rsa, json!({"alg":"RS512","kid":"rsa"})), invalid(Algorithm)),
        ("PS256 over a PKCS1 signature", by(&k.rsa, json!({"alg":"PS256","kid":"rsa"})), invalid(Signature)),
        // The key.
        ("a stranger's key under a known id", by(&k.foreign, header()), invalid(Signature)),
        ("the id of another key", by(&k.ec, json!({"alg":"ES256","kid":"ed"})), invalid(Signature)),
        ("no id", heading(json!({"kid":null})), invalid(KeyUnnamed)),
        ("an empty id", heading(json!({"kid":""})), invalid(KeyUnnamed)),
        ("an id that is a number", heading(json!({"kid":7})), invalid(Header)),
        ("an unknown id", heading(json!({"kid":"other"})), invalid(KeyUnknown)),
        ("an id that is a path", heading(json!({"kid":"../../../../dev/null"})), invalid(KeyUnknown)),
        ("an id that is a query", heading(json!({"kid":"x' UNION SELECT 'k"})), invalid(KeyUnknown)),
        ("an id that is an address", heading(json!({"kid":"https://evil.example/k"})), invalid(KeyUnknown)),
        ("an id with a NUL", heading(json!({"kid":"ec\u{0}"})), invalid(KeyUnknown)),
        ("an id in another case", heading(json!({"kid":"EC"})), invalid(KeyUnknown)),
        ("a very long id", heading(json!({"kid":"k".repeat(300)})), invalid(KeyUnnamed)),
        ("a symmetric key's id", heading(json!({"kid":"oct"})), invalid(KeyUnknown)),
        ("an encryption key's id", heading(json!({"kid":"enc"})), invalid(KeyUnknown)),
        ("the key inside", by(&k.foreign, with(header(), json!({"jwk":k.foreign.jwk("ec")}))), invalid(Header)),
        (
            "an address of keys",
            by(&k.foreign, with(header(), json!({"jku":"https://evil.example/jwks"}))),
            invalid(Signature),
        ),
        (
            "a certificate inside",
            by(&k.foreign, with(header(), json!({"x5c":["MIIB"],"x5u":"https://evil.example/c"}))),
            invalid(Signature),
        ),
        // The header.
        ("crit", heading(json!({"crit":["exp"],"exp":1})), invalid(Header)),
        ("crit, empty", heading(json!({"crit":[]})), invalid(Header)),
        ("payload not encoded", heading(json!({"b64":false,"crit":["b64"]})), invalid(Header)),
        ("encrypted", heading(json!({"alg":"ES256","enc":"A256GCM"})), invalid(Header)),
        ("compressed", heading(json!({"zip":"DEF"})), invalid(Header)),
        ("a token in a token", heading(json!({"cty":"JWT"})), invalid(Header)),
        ("two algorithms", raw(&k.ec, r#"{"alg":"none","alg":"ES256","kid":"ec"}"#, &claims_text), invalid(Json)),
        (
            "two ids, one escaped",
            raw(&k.ec, r#"{"alg":"ES256","kid":"ec","k\u0069d":"x"}"#, &claims_text),
            invalid(Json),
        ),
        ("a header that is a list", raw(&k.ec, r#"["ES256"]"#, &claims_text), invalid(Json)),
        ("a large header", heading(json!({"x":"x".repeat(4000)})), invalid(Form)),
        // The type.
        ("a proof of possession", heading(json!({"typ":"dpop+jwt"})), invalid(Type)),
        ("a logout token", heading(json!({"typ":"logout+jwt"})), invalid(Type)),
        ("an identity assertion grant", heading(json!({"typ":"oauth-id-jag+jwt"})), invalid(Type)),
        ("a security event", heading(json!({"typ":"secevent+jwt"})), invalid(Type)),
        (
            "an identity token",
            token(&k.ec, &json!({"alg":"ES256","kid":"ec"}), &with(claims(), json!({"nonce":"n"}))),
            invalid(Type),
        ),
        (
            "an identity token by hash",
            token(&k.ec, &json!({"alg":"ES256","kid":"ec"}), &with(claims(), json!({"at_hash":"n"}))),
            invalid(Type),
        ),
        (
            "a refresh token",
            token(&k.ec, &json!({"alg":"ES256","kid":"ec","typ":"JWT"}), &with(claims(), json!({"typ":"Refresh"}))),
            invalid(Type),
        ),
        ("a type that is a list", heading(json!({"typ":["JWT"]})), invalid(Header)),
        // The issuer.
        ("another issuer", claiming(json!({"iss":"https://evil.example"})), invalid(Issuer)),
        ("an issuer with a slash more", claiming(json!({"iss":format!("{ISSUER}/")})), invalid(Issuer)),
        ("an issuer in another case", claiming(json!({"iss":"https://IDP.example.com"})), invalid(Issuer)),
        ("an issuer that begins like ours", claiming(json!({"iss":format!("{ISSUER}.evil.example")})), invalid(Issuer)),
        ("a list of issuers", claiming(json!({"iss":[ISSUER]})), invalid(Issuer)),
        ("no issuer", claiming(json!({"iss":null})), invalid(Issuer)),
        ("two issuers", text(&claims_text.replacen('{', r#"{"iss":"https://evil.example","#, 1)), invalid(Json)),
        // The audience.
        ("another audience", claiming(json!({"aud":"https://other.example"})), invalid(Audience)),
        ("no audience", claiming(json!({"aud":null})), invalid(Audience)),
        ("an empty list of audiences", claiming(json!({"aud":[]})), invalid(Audience)),
        ("our audience and another", claiming(json!({"aud":[AUDIENCE,"https://other.example"]})), invalid(Audience)),
        ("our audience twice", claiming(json!({"aud":[AUDIENCE,AUDIENCE]})), invalid(Audience)),
        ("an audience that is a number", claiming(json!({"aud":1})), invalid(Audience)),
        ("an audience that is an object", claiming(json!({"aud":{"a":AUDIENCE}})), invalid(Audience)),
        ("an audience in a list in a list", claiming(json!({"aud":[[AUDIENCE]]})), invalid(Audience)),
        ("an audience below ours", claiming(json!({"aud":format!("{AUDIENCE}/files")})), invalid(Audience)),
        ("an audience above ours", claiming(json!({"aud":"https://gw.example.com"})), invalid(Audience)),
        ("an audience with a slash more", claiming(json!({"aud":format!("{AUDIENCE}/")})), invalid(Audience)),
        // The times.
        ("expired", claiming(json!({"exp":NOW - 31})), Refusal::Expired),
        ("expired at the epoch", claiming(json!({"exp":0})), Refusal::Expired),
        ("no end", claiming(json!({"exp":null})), invalid(Time)),
        ("an end that is a text", claiming(json!({"exp":(NOW + 300).to_string()})), invalid(Time)),
        ("an end that is negative", claiming(json!({"exp":-1})), invalid(Time)),
        ("an end that is no number of ours", claiming(json!({"exp":1e300})), invalid(Time)),
        ("an end that overflows", text(&claims_text.replace(&(NOW + 300).to_string(), "1e999")), invalid(Json)),
        ("an end that is true", claiming(json!({"exp":true})), invalid(Time)),
        ("not yet", claiming(json!({"nbf":NOW + 61})), invalid(NotYet)),
        ("issued in the future", claiming(json!({"iat":NOW + 61})), invalid(NotYet)),
        ("a beginning that is a text", claiming(json!({"nbf":"now"})), invalid(Time)),
        ("two ends", text(&claims_text.replacen('{', r#"{"exp":99999999999,"#, 1)), invalid(Json)),
        // Who.
        ("no agent", claiming(json!({"client_id":null})), invalid(NoAgent)),
        ("nobody", claiming(json!({"client_id":null,"sub":null})), invalid(NoAgent)),
        ("an agent that is a number", claiming(json!({"client_id":7})), invalid(Claim)),
        ("a subject that is a number", claiming(json!({"sub":7})), invalid(Claim)),
        ("an empty subject", claiming(json!({"sub":""})), invalid(Claim)),
        ("a subject with a line end", claiming(json!({"sub":"u-1\nadmin"})), invalid(Claim)),
        ("a very long subject", claiming(json!({"sub":"u".repeat(600)})), invalid(Claim)),
        ("two subjects", text(&claims_text.replacen('{', r#"{"sub":"root","#, 1)), invalid(Json)),
        ("two subjects, one escaped", text(&claims_text.replacen('{', r#"{"\u0073ub":"root","#, 1)), invalid(Json)),
        ("a group that is a number", claiming(json!({"groups":["a",7]})), invalid(Claim)),
        ("groups that are an object", claiming(json!({"groups":{"admin":true}})), invalid(Claim)),
        ("scopes that are a number", claiming(json!({"scope":7})), invalid(Claim)),
        ("scopes that are not all texts", claiming(json!({"scp":["a",{}]})), invalid(Claim)),
        ("an actor that is a text", claiming(json!({"act":"agent"})), invalid(ActorChain)),
        ("an actor without a name", claiming(json!({"act":{"iss":"x"}})), invalid(ActorChain)),
        ("an actor that is null", text(&claims_text.replacen('{', r#"{"act":null,"#, 1)), invalid(ActorChain)),
        ("five actors", claiming(json!({"act":deep(5)})), invalid(ActorChain)),
        ("a bad actor far down", claiming(json!({"act":{"sub":"a","act":{"sub":7}}})), invalid(ActorChain)),
        ("bound to a key (DPoP)", claiming(json!({"cnf":{"jkt":b64([7; 32])}})), invalid(ProofMissing)),
        ("bound to a certificate", claiming(json!({"cnf":{"x5t#S256":b64([7; 32])}})), invalid(ProofMissing)),
        ("bound to no thumbprint", claiming(json!({"cnf":{"jkt":"x"}})), invalid(Binding)),
        ("bound to a short thumbprint", claiming(json!({"cnf":{"jkt":b64([7; 20])}})), invalid(Binding)),
        ("bound to a list of thumbprints", claiming(json!({"cnf":{"jkt":[b64([7; 32])]}})), invalid(Binding)),
        ("bound to nothing", claiming(json!({"cnf":{}})), invalid(Binding)),
        ("bound to a text", claiming(json!({"cnf":"x"})), invalid(Binding)),
        ("bound to null", text(&claims_text.replacen('{', r#"{"cnf":null,"#, 1)), invalid(Binding)),
        ("bound by a name", claiming(json!({"cnf":{"kid":"ec"}})), invalid(Binding)),
        ("bound to a key inside", claiming(json!({"cnf":{"jwk":k.foreign.jwk("x")}})), invalid(Binding)),
        (
            "bound to a key elsewhere",
            claiming(json!({"cnf":{"jku":"https://evil.example/k","kid":"x"}})),
            invalid(Binding),
        ),
        ("bound to two keys", claiming(json!({"cnf":{"jkt":b64([7; 32]),"x5t#S256":b64([7; 32])}})), invalid(Binding)),
        ("bound to the old thumbprint", claiming(json!({"cnf":{"x5t":b64([7; 20])}})), invalid(Binding)),
        // The form.
        ("no part", "x".into(), invalid(Form)),
        ("two parts", format!("{h}.{c}"), invalid(Form)),
        ("four parts", format!("{good}.{s}"), invalid(Form)),
        ("five parts", format!("{h}.{c}.{s}.{s}.{s}"), invalid(Form)),
        ("no signature", format!("{h}.{c}."), invalid(Form)),
        ("no claims", format!("{h}..{s}"), invalid(Json)),
        ("no header", format!(".{c}.{s}"), invalid(Json)),
        ("only dots", "..".into(), invalid(Form)),
        ("a padded signature", format!("{good}=="), invalid(Form)),
        ("the other alphabet", format!("{h}.{c}.+/{}", &s[2..]), invalid(Form)),
        ("stray bits at the end", format!("{h}.{c}.{}", stray(s)), invalid(Form)),
        ("a signature cut short", format!("{h}.{c}.{}", &s[..80]), invalid(Signature)),
        ("another signature", format!("{h}.{c}.{flipped}"), invalid(Signature)),
        (
            "other claims under the signature",
            format!("{h}.{}.{s}", b64(with(claims(), json!({"sub":"root"})).to_string())),
            invalid(Signature),
        ),
        ("a signature of zeros", format!("{h}.{c}.{}", b64([0; 64])), invalid(Signature)),
        (
            "a DER signature",
            format!("{h}.{c}.{}", b64([0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01])),
            invalid(Signature),
        ),
        ("claims that are a list", text("[]"), invalid(Json)),
        ("claims with a tail", text(&format!("{claims_text}{{}}")), invalid(Json)),
        ("claims with a comment", text(&claims_text.replacen('{', "{/**/", 1)), invalid(Json)),
        ("claims that are not UTF-8", not_utf8(), invalid(Json)),
        ("claims with a byte order mark", text(&format!("\u{feff}{claims_text}")), invalid(Json)),
        (
            "claims that nest deeply",
            text(&claims_text.replacen('{', &format!("{{\"x\":{}{},", "[".repeat(40), "]".repeat(40)), 1)),
            invalid(Json),
        ),
    ]
}

/// The same signature with a bit set that decodes to nothing: another text for the same bytes.
fn stray(signature: &str) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (head, last) = signature.split_at(signature.len() - 1);
    let at = alphabet.iter().position(|a| *a == last.as_bytes()[0]).unwrap();
    format!("{head}{}", char::from(alphabet[at | 1]))
}

fn not_utf8() -> String {
    let mut claims = claims().to_string().into_bytes();
    let at = claims.windows(3).position(|w| w == b"u-1").unwrap();
    claims[at] = 0xff;
    let signed = format!("{}.{}", b64(header().to_string()), b64(claims));
    format!("{signed}.{}", b64(keys().ec.sign(signed.as_bytes())))
}

#[test]
fn hostile_tokens_are_refused_for_what_they_are() {
    let door = door(issuer());
    assert!(ask(&door, &token(&keys().ec, &header(), &claims()), now()).is_ok(), "the base is good");
    let table = token_refusals();
    assert!(table.len() >= 100);
    for (name, token, refusal) in table {
        let seen = ask(&door, &token, now());
        assert_eq!(seen.as_ref().err(), Some(&refusal), "{name}");
        assert_eq!(refusal.answer(None, None).status, 401, "{name}");
    }
}

#[test]
fn hostile_headers_are_refused_as_requests() {
    let door = door(issuer());
    let good = token(&keys().ec, &header(), &claims());
    let ask =
        |header: &str| door.authenticate(Presented { authorization: Some(header), ..Presented::default() }, now());
    assert!(ask(&format!("bearer   {good}")).is_ok());
    for bad in [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer {good} {good}"),
        format!("Bearer {good}, Bearer {good}"),
        format!("Bearer {good};"),
        format!("Bearer \"{good}\""),
        format!("Bearer {good}é"),
        format!("Bearer {good}\u{0}"),
        "Bearer ==".to_owned(),
        format!("Bearer {}", "a".repeat(16 * 1024 + 1)),
        "B\u{e4}rer x".to_owned(),
        String::new(),
    ] {
        assert_eq!(ask(&bad), Err(Refusal::Malformed), "{bad:.40}");
    }
    assert_eq!(ask("DPoP abc"), Err(Refusal::Proof(ProofFlaw::Missing)));
    for other in ["Basic dXNlcjpwYXNz", "DPoPx abc", "Negotiate x"] {
        assert_eq!(ask(other), Err(Refusal::Missing), "{other}");
    }
}
