//! Each rule about the secrets of a maker: what it sees, and what it only nearly is. The texts are put together here, so
//! that none of them stands in a file.

use crate::scan;
use doorward_vocab::Channel;

const MIXED: &str = "k7Qm2Xv9RtB4nWz8LpC3sHd6JfY1gTa5uEe0oKi2qPbV7xNcM4rZw9DhSjF8yGlA3";
const HEX: &str = "9f3b7c21d04e86a5b1f2c7d39e8046ab5c1d7f2e90b3a648c7d5e1f2039b8a64";

fn mixed(length: usize) -> String {
    MIXED.chars().cycle().take(length).collect()
}

fn hex(length: usize) -> String {
    HEX.chars().cycle().take(length).collect()
}

fn base64(text: &str) -> String {
    doorward_detect::encoded::base64(text)
}

/// What the finding says, a text with a secret, and one that is nearly one.
fn rules() -> Vec<(&'static str, String, String)> {
    let digits = "7318420965";
    let upper = |n: usize| {
        mixed(n * 2)
            .to_uppercase()
            .chars()
            .filter(|c| c.is_ascii_uppercase() || ('2'..='7').contains(c))
            .take(n)
            .collect::<String>()
    };
    let mut rules: Vec<(&'static str, String, String)> = vec![
        ("an AWS access key id", format!("AK{}{}", "IA", upper(16)), format!("AK{}{}", "IA", upper(11))),
        (
            "an AWS secret key",
            format!("aws_secret_access_key = {}", mixed(40)),
            format!("aws_secret_access_key = {}", mixed(14)),
        ),
        ("an AWS session token", format!("\"SessionToken\": \"{}\"", mixed(200)), "\"SessionToken\": \"none\"".into()),
        (
            "an Azure client secret",
            format!("{}8{}{}", "aB3", "Q~", mixed(34)),
            format!("{}x{}{}", "aB3", "Q~", mixed(34)),
        ),
        (
            "an Azure account key",
            format!("Account{}={}==", "Key", mixed(86)),
            format!("Account{}={}", "Key", mixed(40)),
        ),
        (
            "the signature of an address",
            format!("https://s.blob.example/c/f?sv=2024-11-04&se=2026-01-01T00:00:00Z&sr=b&si{}={}%3D", "g", mixed(43)),
            format!("https://shop.example/f?si{}={}", "g", mixed(43)),
        ),
        (
            "the signature of an address",
            format!("https://b.s3.example/k?X-Amz-Credential=AK&X-Amz-Date=1&X-Amz-Signa{}={}", "ture", hex(64)),
            format!("https://b.s3.example/k?X-Amz-Signa{}={}", "ture", hex(64)),
        ),
        (
            "a private key",
            format!("\"private_key\": \"-----BEGIN {} KEY-----\\n{}\\n\"", "PRIVATE", mixed(200)),
            format!("-----BEGIN {} KEY-----\n...", "PRIVATE"),
        ),
        (
            "a Telegram token",
            format!("bot{digits}:{}{}", "AA", mixed(33)),
            format!("bot{}:{}{}", "731", "AA", mixed(33)),
        ),
        (
            "an OpenAI key",
            format!("s{}{}{}{}", "k-", mixed(20), "T3Blbk".to_owned() + "FJ", mixed(20)),
            format!("s{}{}", "k-", mixed(20)),
        ),
        (
            "a password in an address",
            format!("postgres://app:{}@db.internal/prod", mixed(14)),
            "postgres://app:${DB_PASSWORD}@db.internal/prod".into(),
        ),
        (
            "a password in an address",
            format!("https://ci:{}@git.internal/r.git", mixed(20)),
            "https://git.internal:8443/a@b".into(),
        ),
        (
            "a user name and a password",
            format!("Authorization: Basic {}", base64(&format!("ada:{}", mixed(12)))),
            format!("Authorization: Basic {}", base64("user:password")),
        ),
        (
            "a password in a connection string",
            format!("Server=db;Database=x;User Id=app;Pass{}={};", "word", mixed(10)),
            "Server=db;Database=x;User Id=app;Password=<password>;".into(),
        ),
        (
            "a Discord webhook address",
            format!("https://discord.com/api/web{}/{digits}{digits}/{}", "hooks", mixed(68)),
            "https://discord.com/api/webhooks/".into(),
        ),
        (
            "a Slack webhook address",
            format!("https://hooks.slack.com/serv{}/T0{}/B0{}/{}", "ices", upper(8), upper(8), mixed(24)),
            "https://hooks.slack.com/services/T/B/x".into(),
        ),
        ("a Twilio token", format!("TWILIO_AUTH_TOKEN={}", hex(32)), format!("AUTH_TOKEN={}", hex(12))),
        ("a Cloudflare token", format!("CLOUDFLARE_API_TOKEN={}", mixed(40)), "CLOUDFLARE_API_TOKEN=$TOKEN".into()),
        (
            "a Heroku key",
            format!("HEROKU_API_KEY={}-{}-{}-{}-{}", &HEX[..8], &HEX[8..12], &HEX[12..16], &HEX[16..20], &HEX[20..32]),
            "HEROKU_API_KEY=none".into(),
        ),
        (
            "a Discord token",
            format!("DISCORD_BOT_TOKEN={}.{}.{}", mixed(26), "GhTq7Z", mixed(38)),
            "DISCORD_BOT_TOKEN=example".into(),
        ),
        (
            "a PayPal token",
            format!("access_tok{}$production${}${}", "en", mixed(16).to_lowercase(), hex(32)),
            "access_token$none".into(),
        ),
        ("an age key", format!("AGE-SECRET-{}1{}", "KEY-", upper(58)), format!("AGE-SECRET-{}1{}", "KEY-", upper(20))),
        (
            "a signed token",
            format!("{}.{}.{}", "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9", mixed(60), mixed(86)),
            format!("{}.{}", "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9", mixed(60)),
        ),
        (
            "a GitHub installation token",
            format!("gh{}{}_{}.{}.{}", "s_", "123456", mixed(36), mixed(60), mixed(86)),
            format!("gh{}{}", "s_", mixed(12)),
        ),
    ];
    let plain = [
        ("a GitHub token", "gh|p_", 36),
        ("a GitHub token", "github|_pat_", 82),
        ("a GitLab token", "glp|at-", 20),
        ("a GitLab job token", "glc|bt-", 24),
        ("a Slack token", "xo|xb-", 48),
        ("a Slack refresh token", "xo|xe-", 60),
        ("a Stripe key", "sk_|live_", 24),
        ("a Stripe webhook secret", "whs|ec_", 32),
        ("an npm token", "np|m_", 36),
        ("a PyPI token", "pypi|-AgE", 120),
        ("a crates.io token", "ci|o", 32),
        ("a Docker token", "dckr|_pat_", 27),
        ("an Anthropic key", "sk-|ant-", 95),
        ("an OpenAI key", "sk-|proj-", 120),
        ("a Hugging Face token", "h|f_", 34),
        ("a Groq key", "gs|k_", 52),
        ("a Google API key", "AI|za", 35),
        ("a Google client secret", "GOC|SPX-", 28),
        ("an Atlassian token", "ATA|TT3", 180),
        ("a Bitbucket password", "AT|BB", 32),
        ("a Linear key", "lin_|api_", 40),
        ("a Notion token", "nt|n_", 46),
        ("a Notion token", "sec|ret_", 43),
        ("a Square token", "sq0|atp-", 22),
        ("a Square secret", "sq0|csp-", 43),
        ("a SendGrid key", "S|G.", 66),
        ("a Vault token", "hv|s.", 24),
        ("a Heroku key", "HRKU|-AA", 58),
        ("a Netlify token", "nf|p_", 36),
        ("a Tailscale key", "ts|key-", 40),
        ("a New Relic key", "NR|AK-", 27),
        ("a Brevo key", "xkey|sib-", 81),
    ];
    let digits = [
        ("a Databricks token", "da|pi", 32),
        ("a DigitalOcean token", "dop|_v1_", 64),
        ("a Shopify token", "shp|at_", 32),
        ("a Mailgun key", "ke|y-", 32),
        ("a Twilio key", "S|K", 32),
        ("a Supabase token", "sb|p_", 40),
        ("a RubyGems key", "ruby|gems_", 48),
        ("an OpenRouter key", "sk-|or-v1-", 64),
    ];
    let all = plain.map(|(name, prefix, n)| (name, prefix, mixed(n), mixed(12)));
    let all = all.into_iter().chain(digits.map(|(name, prefix, n)| (name, prefix, hex(n), hex(n - 9))));
    rules.extend(all.map(|(name, prefix, body, less)| {
        let prefix = prefix.replace('|', "");
        (name, format!("the key is {prefix}{body}, keep it"), format!("the key is {prefix}{less}, keep it"))
    }));
    rules
}

#[test]
fn each_rule_sees_its_secret_and_nothing_near() {
    for (name, text, near) in rules() {
        let seen = |text: &str| -> Vec<String> {
            let found = scan(Channel::Result, text).into_iter().map(|f| f.finding);
            found.filter(|f| f.detector == "secret-shape").map(|f| f.note.to_string()).collect()
        };
        assert!(seen(&text).iter().any(|note| note == name), "{name}: {text}: {:?}", seen(&text));
        assert!(!seen(&near).iter().any(|note| note == name), "{name}: {near}: {:?}", seen(&near));
    }
}
