use super::CertificateFlaw;
use doorward_vocab::Timestamp;
use rustls_pki_types::CertificateDer;
use x509_parser::{
    certificate::X509Certificate,
    extensions::{GeneralName, ParsedExtension},
    prelude::FromDer,
};

/// What a leaf says of itself. Nothing of it is believed yet.
pub(super) struct Leaf {
    /// Its subject alternative names of the kind `uniformResourceIdentifier`.
    pub(super) uris: Vec<String>,
    /// Those of the kind `dNSName`.
    pub(super) dns: Vec<String>,
    /// Those of the kind `rfc822Name`.
    pub(super) emails: Vec<String>,
    pub(super) validity: Validity,
}

/// From when to when a certificate holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Validity {
    pub(super) begins: Timestamp,
    pub(super) ends: Timestamp,
}

impl Leaf {
    /// Reads a certificate that may speak for a workload: not an authority, and with a key that may sign (X509-SVID §4.1,
    /// §4.3).
    pub(super) fn read(der: &CertificateDer<'_>) -> Result<Self, CertificateFlaw> {
        let certificate = parse(der)?;
        let form = |_| CertificateFlaw::Form;
        if certificate.basic_constraints().map_err(form)?.is_some_and(|c| c.value.ca) {
            return Err(CertificateFlaw::Authority);
        }
        if let Some(usage) = certificate.key_usage().map_err(form)? {
            let usage = usage.value;
            if !usage.digital_signature() || usage.key_cert_sign() || usage.crl_sign() {
                return Err(CertificateFlaw::KeyUsage);
            }
        }
        if certificate.extensions().iter().any(|e| matches!(e.parsed_extension(), ParsedExtension::ParseError { .. })) {
            return Err(CertificateFlaw::Form);
        }
        let mut leaf =
            Self { uris: Vec::new(), dns: Vec::new(), emails: Vec::new(), validity: Validity::of(&certificate) };
        let names = certificate.subject_alternative_name().map_err(form)?;
        for name in names.iter().flat_map(|names| &names.value.general_names) {
            match name {
                GeneralName::URI(uri) => leaf.uris.push((*uri).to_owned()),
                GeneralName::DNSName(name) => leaf.dns.push((*name).to_owned()),
                GeneralName::RFC822Name(name) => leaf.emails.push((*name).to_owned()),
                GeneralName::Invalid(..) => return Err(CertificateFlaw::Form),
                _ => {}
            }
        }
        Ok(leaf)
    }
}

impl Validity {
    /// That of any certificate of a chain.
    pub(super) fn read(der: &CertificateDer<'_>) -> Result<Self, CertificateFlaw> {
        parse(der).map(|certificate| Self::of(&certificate))
    }

    fn of(certificate: &X509Certificate<'_>) -> Self {
        let time =
            |secs: i64| Timestamp::from_micros(u64::try_from(secs).unwrap_or_default().saturating_mul(1_000_000));
        let validity = certificate.validity();
        Self { begins: time(validity.not_before.timestamp()), ends: time(validity.not_after.timestamp()) }
    }
}

fn parse<'a>(der: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, CertificateFlaw> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(CertificateFlaw::Form),
    }
}
