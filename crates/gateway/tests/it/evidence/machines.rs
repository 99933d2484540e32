//! Machines with a TPM: one in software, asked with the tools that everyone uses.

use super::{Scene, given};
use crate::{identity::bearer, issuing::scene::error};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_testkit::peers::{
    http::Reply,
    identity::{SwTpm, joserfc::DpopKey},
    installed,
};
use doorward_vocab::{Assurance, Digest};
use serde_json::{Value, json};
use std::fs;

const KIND: &str = "urn:doorward:params:oauth:token-type:tpm2-quote";

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The public half of a machine's endorsement key, and of the key that signs.
fn publics(tpm: &SwTpm) -> (Vec<u8>, Vec<u8>) {
    tpm.tool(&["tpm2_readpublic", "-c", "ek.ctx", "-f", "der", "-o", "ek.der"]).unwrap();
    tpm.tool(&["tpm2_readpublic", "-c", "ak.ctx", "-f", "tss", "-o", "ak.tss"]).unwrap();
    (fs::read(tpm.file("ek.der")).unwrap(), fs::read(tpm.file("ak.tss")).unwrap())
}

/// A gateway at which this machine is enrolled, with registers as after a start.
async fn scene(tpm: &SwTpm, authorities: Option<&SwTpm>) -> Scene {
    let enrolled = Digest::of(&publics(tpm).0);
    let zero = Digest::from_bytes([0; 32]);
    let authorities = authorities.map(|tpm| {
        let file = tpm.file("authorities.pem");
        fs::write(&file, tpm.authority().unwrap()).unwrap();
        format!("authorities = {file:?}\n")
    });
    Scene::start(|_| {
        format!(
            "[[trust]]\nname = \"field\"\nkind = \"tpm\"\n{}machines = [{{ agent = \"worker\", endorsement = \"{enrolled}\" }}]\n\
             registers = {{ 0 = \"{zero}\", 7 = [\"{}\", \"{zero}\"] }}\n",
            authorities.as_deref().unwrap_or_default(),
            Digest::of(b"another start"),
        )
    })
    .await
}

struct Asked {
    challenge: String,
    credential: Vec<u8>,
}

impl Scene {
    async fn asks(&self, endorsement: &[u8], public: &[u8]) -> Result<Asked, String> {
        let (endorsement, public) = (b64(endorsement), b64(public));
        let form = [("subject_token_type", KIND), ("endorsement", &*endorsement), ("public", &*public)];
        let reply = self.challenge(&form).await;
        let answer = reply.json().unwrap();
        if reply.status != 200 {
            return Err(answer["error_description"].as_str().unwrap().to_owned());
        }
        let credential = URL_SAFE_NO_PAD.decode(answer["credential"].as_str().unwrap()).unwrap();
        Ok(Asked { challenge: answer["attestation_challenge"].as_str().unwrap().to_owned(), credential })
    }

    /// A machine answers with a quote over `nonce`; `change` makes it say something else.
    async fn quotes(
        &self,
        (tpm, asked): (&SwTpm, &Asked),
        nonce: &[u8],
        registers: &[u8],
        proof: Option<&str>,
        change: impl Fn(&mut Value),
    ) -> Reply {
        let quote = tpm.quote(nonce, registers).unwrap();
        let zero = "0".repeat(64);
        let said: serde_json::Map<String, Value> =
            registers.iter().map(|at| (at.to_string(), zero.as_str().into())).collect();
        let mut evidence = json!({ "challenge": asked.challenge, "public": b64(publics(tpm).1),
            "message": b64(quote.message), "signature": b64(quote.signature), "registers": said });
        change(&mut evidence);
        self.token(KIND, &evidence.to_string(), proof, &[]).await
    }
}

fn why(reply: &Reply) -> String {
    assert_eq!(error(reply), "invalid_grant", "{}", reply.body);
    reply.json().unwrap()["error_description"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_enrolled_machine_gets_a_token_that_is_as_strong_as_its_chip() {
    if !SwTpm::installed("a quote").unwrap() || !installed("a proof of a key").unwrap() {
        return;
    }
    let tpm = SwTpm::start().unwrap();
    let (endorsement, public) = publics(&tpm);
    let scene = scene(&tpm, None).await;
    let asked = scene.asks(&endorsement, &public).await.unwrap();
    let secret = tpm.answer(&asked.credential).unwrap();

    // Bound to a key that the quote is about.
    let key = DpopKey::fresh().unwrap();
    let endpoint = format!("{}/oauth/token", scene.issuer);
    let thumbprint = URL_SAFE_NO_PAD.decode(key.jkt()).unwrap();
    let question = Digest::of(&[secret, thumbprint].concat());
    let proof = key.proof("POST", &endpoint, None, &json!({})).unwrap();
    let reply = scene.quotes((&tpm, &asked), question.as_bytes(), &[0, 7], Some(&proof), |_| ()).await;
    let (token, said) = given(&reply);
    assert_eq!((&said["att"]["m"], &said["att"]["lvl"]), (&json!("tpm"), &json!(4)));
    assert_eq!(said["att"]["sub"], format!("tpm:{}", Digest::of(&endorsement)));
    assert_eq!(said["att"]["measured"].as_object().unwrap().keys().collect::<Vec<_>>(), ["pcr0", "pcr7"]);
    assert_eq!(said["cnf"]["jkt"], json!(key.jkt()));
    let place = format!("{}/mcp/fixture", scene.issuer);
    let shown = key.proof("POST", &place, Some(&token), &json!({})).unwrap();
    let client = scene.client(&format!("DPoP {token}")).with_header("dpop", &shown);
    assert!(client.call("wipe", json!({ "path": "/x" })).await.get("result").is_some());
    let ruling = scene.front.rulings("wipe", 1).await.remove(0);
    assert_eq!((&*ruling.agent.name, ruling.assurance), ("nightly", Assurance::Hardware));
    let proof = ruling.attestation.unwrap();
    assert_eq!((&*proof.method, json!(proof.evidence)), ("tpm", said["att"]["ev"].clone()));
    let stolen = scene.client(&bearer(&token));
    assert_eq!(stolen.post(&stolen.text("1", "tools/list", ""), &[]).await.status, 401);

    // Without a key it is a bearer's token, and no stronger than one.
    let asked = scene.asks(&endorsement, &public).await.unwrap();
    let secret = tpm.answer(&asked.credential).unwrap();
    let (token, said) = given(&scene.quotes((&tpm, &asked), &secret, &[0, 7], None, |_| ()).await);
    assert_eq!(said["att"]["lvl"], 2);
    assert!(scene.client(&bearer(&token)).call("echo", json!({ "text": "x" })).await.get("result").is_some());
}

#[tokio::test]
async fn every_other_machine_key_state_or_answer_gets_nothing() {
    if !SwTpm::installed("a quote").unwrap() || !installed("a proof of a key").unwrap() {
        return;
    }
    let (tpm, other) = (SwTpm::start().unwrap(), SwTpm::start().unwrap());
    let ((endorsement, public), (foreign, foreign_public)) = (publics(&tpm), publics(&other));
    let scene = scene(&tpm, None).await;
    // A machine that nobody enrolled, what is no key, and a key that may sign anything.
    assert!(scene.asks(&foreign, &foreign_public).await.err().unwrap().contains("not enrolled"));
    assert!(scene.asks(&endorsement[1..], &public).await.err().unwrap().contains("not enrolled"));
    let mut weak = public.clone();
    weak[7] ^= 1;
    assert!(scene.asks(&endorsement, &weak).await.err().unwrap().contains("restricted"));
    // The key of another TPM: the enrolled chip does not hold it, and the other one cannot read the secret.
    let asked = scene.asks(&endorsement, &foreign_public).await.unwrap();
    assert!(tpm.answer(&asked.credential).is_err() && other.answer(&asked.credential).is_err());
    let guessed = scene.quotes((&other, &asked), &[7; 32], &[0, 7], None, |_| ()).await;
    assert!(why(&guessed).contains("nonce"));

    let fresh = async || {
        let asked = scene.asks(&endorsement, &public).await.unwrap();
        let secret = tpm.answer(&asked.credential).unwrap();
        (asked, secret)
    };
    // A key that was not activated signs, over the right secret.
    let (asked, secret) = fresh().await;
    assert!(why(&scene.quotes((&other, &asked), &secret, &[0, 7], None, |_| ()).await).contains("restricted"));
    // An answer counts once, also a good one.
    let (asked, secret) = fresh().await;
    given(&scene.quotes((&tpm, &asked), &secret, &[0, 7], None, |_| ()).await);
    assert!(why(&scene.quotes((&tpm, &asked), &secret, &[0, 7], None, |_| ()).await).contains("before"));
    // The question of an earlier challenge, none of ours, and one of another kind.
    let (old, earlier) = fresh().await;
    let (asked, secret) = fresh().await;
    assert!(why(&scene.quotes((&tpm, &asked), &earlier, &[0, 7], None, |_| ()).await).contains("nonce"));
    drop(old);
    let made_up = |evidence: &mut Value| evidence["challenge"] = "doorward2.AAAA".into();
    assert!(why(&scene.quotes((&tpm, &asked), &secret, &[0, 7], None, made_up).await).contains("nonce"));
    // Fewer registers, other values, and values that the quote does not bear out.
    for (registers, change) in [
        (&[0][..], (|_| ()) as fn(&mut Value)),
        (&[0, 7], |e| e["registers"]["7"] = "11".repeat(32).into()),
        (&[0, 7], |e| e["registers"]["7"] = json!(Digest::of(b"another start").to_string()["sha256:".len()..])),
    ] {
        let (asked, secret) = fresh().await;
        assert!(why(&scene.quotes((&tpm, &asked), &secret, registers, None, change).await).contains("registers"));
    }
    // What one machine said is passed on with another's key.
    let (key, endpoint) = (DpopKey::fresh().unwrap(), format!("{}/oauth/token", scene.issuer));
    let proof = key.proof("POST", &endpoint, None, &json!({})).unwrap();
    let (asked, secret) = fresh().await;
    assert!(why(&scene.quotes((&tpm, &asked), &secret, &[0, 7], Some(&proof), |_| ()).await).contains("nonce"));
    // The machine started something else.
    tpm.extend(7, &[9; 32]).unwrap();
    let (asked, secret) = fresh().await;
    assert!(why(&scene.quotes((&tpm, &asked), &secret, &[0, 7], None, |_| ()).await).contains("registers"));
}

#[tokio::test]
async fn where_authorities_must_vouch_a_bare_key_is_nothing() {
    if !SwTpm::installed("a quote").unwrap() {
        return;
    }
    let (tpm, other) = (SwTpm::start().unwrap(), SwTpm::start().unwrap());
    let (endorsement, public) = publics(&tpm);
    let certificate = tpm.endorsement_certificate().unwrap();
    let ours = scene(&tpm, Some(&tpm)).await;
    let asked = ours.asks(&certificate, &public).await.unwrap();
    let secret = tpm.answer(&asked.credential).unwrap();
    given(&ours.quotes((&tpm, &asked), &secret, &[0, 7], None, |_| ()).await);
    assert!(ours.asks(&endorsement, &public).await.err().unwrap().contains("endorsement"));
    let unknown = other.endorsement_certificate().unwrap();
    assert!(ours.asks(&unknown, &public).await.err().unwrap().contains("endorsement"), "another authority");
    let theirs = scene(&tpm, Some(&other)).await;
    assert!(theirs.asks(&certificate, &public).await.err().unwrap().contains("endorsement"));
    assert!(theirs.asks(&unknown, &public).await.err().unwrap().contains("not enrolled"));
}
