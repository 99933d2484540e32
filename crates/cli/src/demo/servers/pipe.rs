use super::{Server, part};
use crate::{Done, Failure};
use std::{
    io::{self, BufRead, Write},
    path::PathBuf,
};

/// Speaks MCP over standard input and output as the server `name`, until the input ends.
pub(in crate::demo) fn serve(name: &str, seen: PathBuf) -> Done {
    let Some(part) = part(name) else {
        return Err(Failure::usage(format!("the demo has no server `{name}`"), "it is started by the demo itself"));
    };
    let mut server = Server::new(part, seen);
    for line in io::stdin().lock().lines() {
        let Ok(message) = line.map_err(drop).and_then(|l| serde_json::from_str(&l).map_err(drop)) else { continue };
        for said in server.hear(&message, "") {
            let written = writeln!(io::stdout().lock(), "{said}").and_then(|()| io::stdout().flush());
            written.map_err(|e| Failure::Broken(format!("cannot answer: {e}")))?;
        }
    }
    Ok(())
}
