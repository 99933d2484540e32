//! moto, the AWS of tests: with signatures (SigV4), session tokens and IAM policies really checked.

use std::{io, process::Command};

use serde_json::Value;

use super::super::{
    cache::{python, script},
    process::{Running, free_port},
};

/// How many actions [`Moto::role`] takes: as many go unchecked, because somebody has to make the first identity.
const FREE_ACTIONS: &str = "6";

/// An AWS endpoint on loopback: STS, IAM, S3 and the others at one URL. Ask [`super::super::installed`] first.
///
/// It does not look at the token of `AssumeRoleWithWebIdentity`; tokens are judged by the providers.
#[derive(Debug)]
pub struct Moto {
    _running: Running,
    url: String,
}

/// Keys of an identity at a [`Moto`].
#[derive(Debug, Clone)]
pub struct AwsKeys {
    /// The access key id.
    pub key: String,
    /// The secret access key.
    pub secret: String,
    /// The session token, for the keys of a role.
    pub token: Option<String>,
}

/// A request that botocore has signed, to be sent by whoever it is handed to.
#[derive(Debug, Clone)]
pub struct SignedRequest {
    /// The method.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// Every header, `Authorization` among them.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Moto {
    /// Starts it, with every check on after the first identities are made.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start() -> io::Result<Self> {
        let port = free_port()?;
        let mut command = Command::new(python());
        command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
        command.env("INITIAL_NO_AUTH_ACTION_COUNT", FREE_ACTIONS).stderr(std::process::Stdio::null());
        let mut running = Running::start(command.stdout(std::process::Stdio::null()))?;
        running.wait_for_port(port)?;
        Ok(Self { _running: running, url: format!("http://127.0.0.1:{port}") })
    }

    /// The endpoint of every service.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets so many more actions go unchecked: `AssumeRoleWithWebIdentity` is one, since it carries no signature.
    ///
    /// # Errors
    /// It is gone.
    pub async fn lets(&self, actions: u32) -> io::Result<()> {
        let url = format!("{}/moto-api/reset-auth", self.url);
        let request = http::Request::post(url).body(actions.to_string()).map_err(io::Error::other)?;
        super::super::http::Http::default().send(request).await.map(drop)
    }

    /// Makes a role with an IAM policy for whoever an OpenID provider knows, and a bucket with one object: the role's ARN.
    /// It takes four of the actions that go unchecked.
    ///
    /// # Errors
    /// As [`Self::role`].
    pub fn web_role(&self, name: &str, policy: &Value, bucket: &str) -> io::Result<String> {
        let policy = policy.to_string();
        let made = aws(&["web-role", "--url", &self.url, "--name", name, "--policy", &policy, "--bucket", bucket])?;
        let arn = made.get("arn").and_then(Value::as_str).map(str::to_owned);
        arn.ok_or_else(|| io::Error::other(format!("no role: {made}")))
    }

    /// Makes a role with an IAM policy (none: everything), and takes it in a session of this name. Once per server.
    ///
    /// # Errors
    /// botocore is not there, or moto says no.
    pub fn role(&self, name: &str, session: &str, policy: Option<&Value>) -> io::Result<AwsKeys> {
        let mut args = vec!["role".to_owned()];
        args.extend(["--url", &self.url, "--name", name, "--session", session].map(str::to_owned));
        args.extend(policy.into_iter().flat_map(|policy| ["--policy".to_owned(), policy.to_string()]));
        let made = aws(&args)?;
        let text = |field: &str| made.pointer(&format!("/role/{field}")).and_then(Value::as_str).map(str::to_owned);
        let all = (text("key"), text("secret"), text("token"));
        let (Some(key), Some(secret), token) = all else {
            return Err(io::Error::other(format!("no keys: {made}")));
        };
        Ok(AwsKeys { key, secret, token })
    }
}

impl AwsKeys {
    /// Has botocore sign a request (SigV4) to `service`, with these headers under the signature.
    ///
    /// # Errors
    /// botocore is not there.
    pub fn sign(
        &self,
        service: &str,
        (method, url): (&str, &str),
        headers: &[(&str, &str)],
        body: &str,
    ) -> io::Result<SignedRequest> {
        let headers: Vec<String> = headers.iter().map(|(name, value)| format!("--header={name}={value}")).collect();
        let mut args = vec!["sign", "--service", service, "--method", method, "--url", url, "--body", body];
        args.extend(["--key", &self.key, "--secret", &self.secret]);
        args.extend(self.token.iter().flat_map(|token| ["--token", token]));
        args.extend(headers.iter().map(String::as_str));
        let made = aws(&args)?;
        let headers = made.get("headers").and_then(Value::as_object).into_iter().flatten();
        let headers = headers.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
        Ok(SignedRequest { method: method.to_owned(), url: url.to_owned(), headers, body: body.to_owned() })
    }
}

impl SignedRequest {
    /// As it is sent.
    ///
    /// # Errors
    /// Somebody put something into it that is not HTTP.
    pub fn request(&self) -> io::Result<http::Request<String>> {
        let mut request = http::Request::builder().method(self.method.as_str()).uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(self.body.clone()).map_err(io::Error::other)
    }
}

fn aws<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> io::Result<Value> {
    let output = Command::new(python()).arg(script("python/aws.py")).args(args).output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    serde_json::from_slice(&output.stdout).map_err(io::Error::other)
}
