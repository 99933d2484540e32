//! The shapes of the secrets of known makers, by what they begin with.

/// The shape of a secret after its prefix.
pub(super) struct Shape {
    pub(super) prefix: &'static str,
    /// How many characters of `set` must follow, prefix not counted.
    pub(super) length: (usize, usize),
    pub(super) set: Set,
    pub(super) name: &'static str,
    pub(super) confidence: f32,
}

#[derive(Clone, Copy)]
pub(super) enum Set {
    Upper32,
    Alnum,
    /// Letters, digits, `_` and `-`.
    Word,
    /// As `Word`, and `.`.
    Dotted,
    Hex,
    /// Letters, digits, `+`, `/` and `=`.
    Base64,
    /// As `Word`, and `=`.
    Padded,
    /// As `Word`, and `$`.
    Dollars,
}

impl Set {
    pub(super) const fn holds(self, b: u8) -> bool {
        match self {
            Self::Upper32 => b.is_ascii_uppercase() || matches!(b, b'2'..=b'7'),
            Self::Alnum => b.is_ascii_alphanumeric(),
            Self::Word => b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'),
            Self::Dotted => b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'),
            Self::Hex => b.is_ascii_hexdigit(),
            Self::Base64 => b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='),
            Self::Padded => b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'='),
            Self::Dollars => b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'$'),
        }
    }
}

const fn shape(prefix: &'static str, length: (usize, usize), set: Set, name: &'static str, confidence: f32) -> Shape {
    Shape { prefix, length, set, name, confidence }
}

/// The makers' shapes, longer prefixes first where one begins like another.
pub(super) const SHAPES: &[Shape] = &[
    shape("AKIA", (16, 16), Set::Upper32, "an AWS access key id", 0.9),
    shape("ASIA", (16, 16), Set::Upper32, "an AWS temporary access key id", 0.9),
    shape("github_pat_", (60, 100), Set::Word, "a GitHub token", 0.97),
    shape("ghp_", (36, 40), Set::Alnum, "a GitHub token", 0.97),
    shape("gho_", (36, 40), Set::Alnum, "a GitHub token", 0.97),
    shape("ghu_", (36, 40), Set::Alnum, "a GitHub token", 0.97),
    shape("ghr_", (36, 80), Set::Alnum, "a GitHub token", 0.97),
    // Installation tokens: 36 letters and digits, since 2026 also the app's number and a signed token, see `of_shape`.
    shape("ghs_", (25, 1024), Set::Word, "a GitHub installation token", 0.97),
    shape("glpat-", (20, 64), Set::Dotted, "a GitLab token", 0.95),
    shape("gldt-", (20, 64), Set::Word, "a GitLab deploy token", 0.95),
    shape("glrt-", (20, 64), Set::Word, "a GitLab runner token", 0.95),
    shape("xoxb-", (24, 256), Set::Word, "a Slack token", 0.95),
    shape("xoxp-", (24, 256), Set::Word, "a Slack token", 0.95),
    shape("xoxa-", (24, 256), Set::Word, "a Slack token", 0.95),
    shape("xoxr-", (24, 256), Set::Word, "a Slack token", 0.95),
    shape("xoxs-", (24, 256), Set::Word, "a Slack token", 0.95),
    shape("xapp-", (24, 256), Set::Word, "a Slack app token", 0.95),
    shape("AIza", (35, 35), Set::Word, "a Google API key", 0.9),
    shape("ya29.", (40, 2048), Set::Word, "a Google access token", 0.9),
    shape("GOCSPX-", (28, 28), Set::Word, "a Google client secret", 0.95),
    shape("sk_live_", (24, 128), Set::Alnum, "a Stripe key", 0.97),
    shape("rk_live_", (24, 128), Set::Alnum, "a Stripe key", 0.97),
    shape("whsec_", (32, 64), Set::Alnum, "a Stripe webhook secret", 0.9),
    shape("sk_test_", (24, 128), Set::Alnum, "a Stripe test key", 0.5),
    shape("sk-ant-", (80, 160), Set::Word, "an Anthropic key", 0.97),
    shape("sk-proj-", (40, 200), Set::Word, "an OpenAI key", 0.95),
    shape("npm_", (36, 36), Set::Alnum, "an npm token", 0.9),
    shape("pypi-AgE", (50, 256), Set::Word, "a PyPI token", 0.97),
    shape("hf_", (34, 40), Set::Alnum, "a Hugging Face token", 0.9),
    shape("dop_v1_", (64, 64), Set::Hex, "a DigitalOcean token", 0.97),
    shape("shpat_", (32, 32), Set::Hex, "a Shopify token", 0.95),
    shape("hvs.", (24, 256), Set::Word, "a Vault token", 0.9),
    shape("SG.", (60, 80), Set::Dotted, "a SendGrid key", 0.9),
    shape("lin_api_", (40, 40), Set::Alnum, "a Linear key", 0.95),
    shape("ntn_", (40, 60), Set::Alnum, "a Notion token", 0.9),
    shape("ABSK", (80, 200), Set::Base64, "an AWS Bedrock key", 0.9),
    shape("glptt-", (20, 64), Set::Word, "a GitLab trigger token", 0.95),
    shape("glcbt-", (20, 128), Set::Word, "a GitLab job token", 0.95),
    shape("glft-", (20, 64), Set::Word, "a GitLab feed token", 0.9),
    shape("glimt-", (20, 64), Set::Word, "a GitLab mail token", 0.9),
    shape("glagent-", (40, 64), Set::Word, "a GitLab agent token", 0.95),
    shape("gloas-", (40, 80), Set::Word, "a GitLab application secret", 0.95),
    shape("glsoat-", (20, 64), Set::Word, "a GitLab SCIM token", 0.95),
    shape("xoxe-", (24, 512), Set::Word, "a Slack refresh token", 0.95),
    shape("xoxe.xoxp-", (24, 512), Set::Word, "a Slack token", 0.95),
    shape("rk_test_", (24, 128), Set::Alnum, "a Stripe test key", 0.5),
    shape("sk-svcacct-", (40, 200), Set::Word, "an OpenAI key", 0.95),
    shape("sk-admin-", (40, 200), Set::Word, "an OpenAI key", 0.95),
    shape("sk-or-v1-", (64, 64), Set::Hex, "an OpenRouter key", 0.95),
    shape("gsk_", (48, 60), Set::Alnum, "a Groq key", 0.9),
    shape("pplx-", (40, 60), Set::Alnum, "a Perplexity key", 0.9),
    shape("xai-", (70, 100), Set::Alnum, "an xAI key", 0.9),
    shape("r8_", (37, 40), Set::Alnum, "a Replicate token", 0.85),
    shape("api_org_", (34, 40), Set::Alnum, "a Hugging Face token", 0.9),
    shape("cio", (32, 32), Set::Alnum, "a crates.io token", 0.8),
    shape("dckr_pat_", (24, 40), Set::Word, "a Docker token", 0.97),
    shape("dckr_oat_", (24, 64), Set::Word, "a Docker token", 0.97),
    shape("dapi", (32, 34), Set::Hex, "a Databricks token", 0.9),
    shape("doo_v1_", (64, 64), Set::Hex, "a DigitalOcean token", 0.97),
    shape("dor_v1_", (64, 64), Set::Hex, "a DigitalOcean token", 0.97),
    shape("HRKU-AA", (50, 70), Set::Word, "a Heroku key", 0.95),
    shape("ATATT3", (100, 260), Set::Padded, "an Atlassian token", 0.97),
    shape("ATCTT3", (100, 260), Set::Padded, "an Atlassian token", 0.97),
    shape("ATBB", (32, 40), Set::Alnum, "a Bitbucket password", 0.85),
    shape("lin_oauth_", (60, 70), Set::Alnum, "a Linear token", 0.95),
    shape("secret_", (43, 43), Set::Alnum, "a Notion token", 0.85),
    shape("shpca_", (32, 32), Set::Hex, "a Shopify token", 0.95),
    shape("shppa_", (32, 32), Set::Hex, "a Shopify token", 0.95),
    shape("shpss_", (32, 32), Set::Hex, "a Shopify secret", 0.95),
    shape("sq0atp-", (22, 22), Set::Word, "a Square token", 0.95),
    shape("sq0csp-", (43, 43), Set::Word, "a Square secret", 0.95),
    shape("EAAA", (60, 60), Set::Word, "a Square token", 0.8),
    shape("access_token$", (44, 80), Set::Dollars, "a PayPal token", 0.95),
    shape("key-", (32, 32), Set::Hex, "a Mailgun key", 0.8),
    shape("SK", (32, 32), Set::Hex, "a Twilio key", 0.7),
    shape("hvb.", (100, 512), Set::Word, "a Vault token", 0.9),
    shape("hvr.", (24, 256), Set::Word, "a Vault token", 0.9),
    shape("AGE-SECRET-KEY-1", (58, 58), Set::Alnum, "an age key", 0.98),
    shape("sbp_", (40, 40), Set::Hex, "a Supabase token", 0.95),
    shape("sb_secret_", (30, 60), Set::Word, "a Supabase key", 0.9),
    shape("nfp_", (36, 40), Set::Alnum, "a Netlify token", 0.9),
    shape("glsa_", (41, 41), Set::Word, "a Grafana token", 0.95),
    shape("glc_eyJ", (60, 400), Set::Base64, "a Grafana token", 0.95),
    shape("sntrys_", (60, 400), Set::Padded, "a Sentry token", 0.95),
    shape("sntryu_", (64, 64), Set::Hex, "a Sentry token", 0.95),
    shape("NRAK-", (27, 27), Set::Alnum, "a New Relic key", 0.95),
    shape("pscale_tkn_", (32, 64), Set::Word, "a PlanetScale token", 0.95),
    shape("PMAK-", (50, 70), Set::Word, "a Postman key", 0.95),
    shape("dp.pt.", (40, 44), Set::Alnum, "a Doppler token", 0.95),
    shape("xkeysib-", (72, 90), Set::Word, "a Brevo key", 0.95),
    shape("tskey-", (24, 80), Set::Word, "a Tailscale key", 0.9),
    shape("rubygems_", (48, 48), Set::Hex, "a RubyGems key", 0.97),
    shape("pul-", (40, 40), Set::Hex, "a Pulumi token", 0.9),
    shape("ops_eyJ", (200, 1200), Set::Word, "a 1Password token", 0.95),
    shape("fm2_", (60, 600), Set::Base64, "a Fly.io token", 0.9),
];
