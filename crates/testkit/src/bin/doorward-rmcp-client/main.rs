//! A client on the official Rust library, with the arguments and the summary of the client scripts in `peers/`:
//! `doorward-rmcp-client [--mode legacy|auto|modern] [--prefix P] [--header 'NAME: VALUE']… (--tour | URL | -- COMMAND ARGS…)`.

mod tour;

use std::{collections::HashMap, io::Write, process::ExitCode, time::Duration};

use http::{HeaderName, HeaderValue};
use rmcp::{
    ClientLifecycleMode, ClientServiceExt, RoleClient,
    model::{
        CallToolRequestParams, ClientConfig, ContentBlock, GetPromptRequestParams, Implementation, ProtocolVersion,
        ReadResourceRequestParams, ResourceContents,
    },
    service::RunningService,
    transport::{
        StreamableHttpClientTransport, TokioChildProcess, streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::{Value, json};

const SAID: &str = "héllo, wörld ✓";
const USAGE: &str = "usage: doorward-rmcp-client [--mode legacy|auto|modern] [--prefix P] [--header 'N: V'] (--tour | URL | -- COMMAND ARGS…)";

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Default)]
struct Options {
    mode: String,
    prefix: String,
    headers: HashMap<HeaderName, HeaderValue>,
    tour: bool,
    url: Option<String>,
    command: Vec<String>,
}

// One thread: the handlers of notifications, each a task of its own, then run in the order of the messages.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1).collect()) {
        Ok(options) => options,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if options.tour {
        tour::serve(&options).await;
        return ExitCode::SUCCESS;
    }
    let walked = tokio::time::timeout(Duration::from_secs(60), walk(&options)).await;
    let walked = walked.unwrap_or_else(|_| Err("no end within 60 s".into()));
    let mut summary = walked.unwrap_or_else(|error| json!({ "error": error.to_string() }));
    let text = |key: &str| summary.get(key).and_then(Value::as_str).unwrap_or_default();
    let ok =
        text("echo") == SAID && text("resource").contains("static text") && text("prompt").contains("simple prompt");
    if let Some(fields) = summary.as_object_mut() {
        fields.extend([("peer".to_owned(), json!("rust")), ("ok".to_owned(), json!(ok))]);
    }
    let _ = writeln!(std::io::stdout(), "{summary}");
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn walk(options: &Options) -> Result<Value, Failure> {
    let client = connect(options).await?;
    let tools = client.list_all_tools().await?;
    let arguments = json!({ "text": SAID }).as_object().cloned().unwrap_or_default();
    let call = CallToolRequestParams::new(format!("{}echo", options.prefix)).with_arguments(arguments);
    let echo = client.call_tool(call).await?;
    let resource = client.read_resource(ReadResourceRequestParams::new("test://static-text")).await?;
    let prompt = GetPromptRequestParams::new(format!("{}test_simple_prompt", options.prefix));
    let prompt = client.get_prompt(prompt).await?;
    let summary = json!({
        "server": client.peer_info().and_then(|info| info.server_info.clone()).map(|server| server.name),
        "tools": tools.len(),
        "echo": echo.content.first().and_then(text),
        "resource": resource.contents.first().and_then(|contents| match contents {
            ResourceContents::TextResourceContents { text, .. } => Some(text.as_str()),
            _ => None,
        }),
        "prompt": prompt.messages.first().and_then(|message| text(&message.content)),
    });
    client.cancel().await?;
    Ok(summary)
}

async fn connect(options: &Options) -> Result<RunningService<RoleClient, ClientConfig>, Failure> {
    let me = ClientConfig::new(Default::default(), Implementation::new("doorward-peer", "1.0.0"));
    if let Some(url) = &options.url {
        let config =
            StreamableHttpClientTransportConfig::with_uri(url.as_str()).custom_headers(options.headers.clone());
        let transport = StreamableHttpClientTransport::from_config(config);
        return Ok(me.serve_with_lifecycle(transport, options.lifecycle()).await?);
    }
    let (program, arguments) = options.command.split_first().ok_or("no command")?;
    let mut command = tokio::process::Command::new(program);
    command.args(arguments);
    Ok(me.serve_with_lifecycle(TokioChildProcess::new(command)?, options.lifecycle()).await?)
}

fn text(block: &ContentBlock) -> Option<&str> {
    block.as_text().map(|block| block.text.as_str())
}

impl Options {
    fn parse(words: Vec<String>) -> Result<Self, Failure> {
        let mut options = Self { mode: "auto".to_owned(), ..Self::default() };
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--mode" => options.mode = words.next().ok_or("`--mode` needs a value")?,
                "--prefix" => options.prefix = words.next().ok_or("`--prefix` needs a value")?,
                "--header" => {
                    let header = words.next().ok_or("`--header` needs a value")?;
                    let (name, value) = header.split_once(": ").ok_or("a header is `NAME: VALUE`")?;
                    options.headers.insert(name.parse()?, value.parse()?);
                }
                "--tour" => options.tour = true,
                "--" => options.command = words.by_ref().collect(),
                _ => options.url = Some(word),
            }
        }
        let targets = [options.url.is_some(), !options.command.is_empty(), options.tour];
        if targets.into_iter().filter(|given| *given).count() != 1 {
            return Err("give a URL, a command after --, or --tour".into());
        }
        Ok(options)
    }

    fn lifecycle(&self) -> ClientLifecycleMode {
        match self.mode.as_str() {
            "legacy" => ClientLifecycleMode::Initialize,
            "modern" => ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] },
            _ => ClientLifecycleMode::Auto {
                preferred_versions: vec![ProtocolVersion::V_2026_07_28],
                legacy_version: Some(ProtocolVersion::V_2025_11_25),
            },
        }
    }
}
