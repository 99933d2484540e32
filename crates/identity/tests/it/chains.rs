//! Makes authorities, certificates and bundles, honest and not.

use crate::forge::*;
use base64::{Engine, engine::general_purpose::STANDARD};
use doorward_identity::{
    Authenticator, Chain, IssuerSettings, KeySource, Pattern, Presented, Principal, Refusal, Settings, Verified,
};
use doorward_vocab::{Digest, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    SanType, date_time_ymd,
};
use rustls_pki_types::CertificateDer;
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) const AGENT: &str = "spiffe://corp.example/agent/triage";

/// The moment of all tests is 2027-01-15 08:00; certificates of these tests end with that day.
pub(crate) const END: u64 = 16 * 3600;

pub(crate) struct Ca(pub(crate) CertifiedIssuer<'static, KeyPair>);

impl Ca {
    pub(crate) fn new(name: &str) -> Self {
        Self(CertifiedIssuer::self_signed(Self::params(name), KeyPair::generate().unwrap()).unwrap())
    }
    pub(crate) fn params(name: &str) -> CertificateParams {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
    }
    /// An authority below this one.
    pub(crate) fn below(&self, name: &str) -> Self {
        let mut params = Self::params(name);
        params.not_after = date_time_ymd(2027, 1, 16);
        Self(CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), &self.0).unwrap())
    }
    pub(crate) fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }
    /// A leaf with these names, changed by `change`.
    pub(crate) fn leaf(&self, uris: &[&str], change: impl FnOnce(&mut CertificateParams)) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.subject_alt_names = uris.iter().map(|u| SanType::URI((*u).try_into().unwrap())).collect();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        params.not_before = date_time_ymd(2027, 1, 15);
        params.not_after = date_time_ymd(2027, 1, 16);
        change(&mut params);
        params.signed_by(&KeyPair::generate().unwrap(), &self.0).unwrap().der().clone()
    }
    pub(crate) fn agent(&self) -> CertificateDer<'static> {
        self.leaf(&[AGENT], |_| {})
    }
}

/// A bundle of a trust domain.
pub(crate) fn bundle(authorities: &[&Ca], tokens: &[(&Key, &str)]) -> Vec<u8> {
    let x509 = authorities.iter().map(|ca| json!({"kty":"EC","use":"x509-svid","x5c":[STANDARD.encode(ca.der())]}));
    let jwt = tokens.iter().map(|(key, kid)| with(key.jwk(kid), json!({"use":"jwt-svid","alg":null})));
    let keys: Vec<Value> = x509.chain(jwt).collect();
    json!({"keys":keys,"spiffe_sequence":1,"spiffe_refresh_hint":300}).to_string().into_bytes()
}

pub(crate) fn domain(name: &str, bundle: Vec<u8>, names: &[Pattern]) -> IssuerSettings {
    IssuerSettings {
        audiences: Box::new([AUDIENCE.into()]),
        keys: KeySource::Pinned(bundle.into()),
        ..IssuerSettings::trust_domain(name, names.into()).unwrap()
    }
}

pub(crate) fn door_of(issuers: Vec<IssuerSettings>) -> Authenticator {
    Authenticator::new(Settings { issuers, own: Box::new([OWN.into()]), ..Settings::default() }).unwrap()
}

/// A connection that showed these certificates.
pub(crate) struct Connection {
    certificates: Vec<CertificateDer<'static>>,
    pub(crate) leaf: Digest,
    whole: Digest,
}

impl Connection {
    pub(crate) fn of(certificates: &[&CertificateDer<'static>]) -> Self {
        let certificates: Vec<_> = certificates.iter().map(|c| (*c).clone()).collect();
        let leaf = Digest::of(&certificates[0]);
        let whole = Digest::of(&certificates.iter().flat_map(|c| c.to_vec()).collect::<Vec<u8>>());
        Self { certificates, leaf, whole }
    }
    pub(crate) fn chain(&self) -> Chain<'_> {
        Chain { certificates: &self.certificates, leaf: &self.leaf, whole: &self.whole }
    }
    pub(crate) fn ask(
        &self,
        door: &Authenticator,
        token: Option<&str>,
        now: Timestamp,
    ) -> Result<Arc<Verified<Principal>>, Refusal> {
        let header = token.map(|t| format!("Bearer {t}"));
        let certificates = Some(self.chain());
        door.authenticate(Presented { authorization: header.as_deref(), certificates, ..Presented::default() }, now)
    }
}
