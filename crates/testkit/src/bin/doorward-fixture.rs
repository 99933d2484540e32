//! `doorward-fixture [--stdio | --port N] …`: the test server as a process. `--port 0` prints the URL it chose.
//!
//! Words of the environment variable `DOORWARD_FIXTURE` are added to the arguments, so that a test can make a server
//! misbehave whose command line stands in a configuration file.

use std::{io::Write, process::ExitCode};

use doorward_testkit::fixture::{Options, Server, serve_stdio};

#[tokio::main]
async fn main() -> ExitCode {
    let more = std::env::var("DOORWARD_FIXTURE").unwrap_or_default();
    let words = std::env::args().skip(1).chain(more.split_whitespace().map(str::to_owned));
    let result = match Options::parse(words) {
        Ok(options) if options.stdio => serve_stdio(options).await,
        Ok(options) => serve(options).await,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: Options) -> std::io::Result<()> {
    let server = Server::start(options).await?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", server.url())?;
    out.flush()?;
    server.wait().await
}
