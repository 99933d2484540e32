use super::set;
use crate::{Done, Failure, Out};
use doorward_policy::{Base, cases::Case};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    set: set::SetArgs,
    /// Take the question from a file of cases
    #[arg(long, value_name = "FILE", conflicts_with_all = ["server", "tool", "resource", "prompt"])]
    case: Option<PathBuf>,
    /// The case of the file, where it holds several
    #[arg(long, value_name = "TEXT", requires = "case")]
    name: Option<String>,
    /// The server's name
    #[arg(long)]
    server: Option<String>,
    /// The tool's bare name
    #[arg(long)]
    tool: Option<String>,
    /// What the tool does: read, search, create, … May be given several times
    #[arg(long = "effect", value_name = "EFFECT", requires = "tool")]
    effects: Vec<String>,
    /// The prompt's bare name
    #[arg(long)]
    prompt: Option<String>,
    /// The resource's URI
    #[arg(long)]
    resource: Option<String>,
    /// The action; follows from the target
    #[arg(long)]
    action: Option<String>,
    /// The agent's id
    #[arg(long)]
    agent: Option<String>,
    /// A group of the agent. May be given several times
    #[arg(long = "agent-group", value_name = "GROUP", requires = "agent")]
    agent_groups: Vec<String>,
    /// The person's id
    #[arg(long)]
    human: Option<String>,
    /// A group of the person. May be given several times
    #[arg(long = "human-group", value_name = "GROUP", requires = "human")]
    human_groups: Vec<String>,
    /// Nobody is there, and this owner of the delegation answers
    #[arg(long, value_name = "OWNER", conflicts_with = "human")]
    autonomous: Option<String>,
    /// The delegation's id
    #[arg(long)]
    delegation: Option<String>,
    /// How well the agent and its connection are proven, 0 to 4
    #[arg(long)]
    assurance: Option<u8>,
    /// The agent speaks from this machine
    #[arg(long)]
    loopback: bool,
    /// A recipient came only from untrusted content
    #[arg(long)]
    untrusted_recipient: bool,
    /// The server is called with the credential of this name
    #[arg(long, value_name = "NAME")]
    credential: Option<String>,
    /// An argument of the call. May be given several times
    #[arg(long = "arg", value_name = "NAME=TEXT")]
    arguments: Vec<String>,
    /// Print the policies of the base instead
    #[arg(long, value_name = "LEVEL", conflicts_with_all = ["case", "server"])]
    show_base: Option<Base>,
}

pub(super) fn run(args: &ExplainArgs, out: &Out) -> Done {
    if let Some(base) = args.show_base {
        out.say(base.text().trim_end());
        return Ok(());
    }
    let policies = args.set.compile()?;
    let asked = match &args.case {
        Some(file) => from_file(file, args.name.as_deref())?,
        None => vec![from_flags(args).map_err(|what| Failure::usage(what, "see `doorward policy explain --help`"))?],
    };
    for case in &asked {
        let explanation = case.explain(&policies);
        if out.is_json() {
            out.record(&json!({ "case": case.name, "explanation": explanation }));
        } else {
            let title = if case.name.is_empty() { String::new() } else { format!("# {}\n", case.name) };
            out.say(format!("{title}{explanation}\n"));
        }
    }
    Ok(())
}

fn from_file(file: &Path, name: Option<&str>) -> Result<Vec<Case>, Failure> {
    let mut cases = set::cases(file)?;
    if let Some(name) = name {
        cases.retain(|case| case.name.contains(name));
    }
    if cases.is_empty() {
        let what = format!("`{}` holds no such case", file.display());
        return Err(Failure::usage(what, "`--name` takes a part of a case's name"));
    }
    Ok(cases)
}

/// The same question as a case would ask, from flags.
fn from_flags(args: &ExplainArgs) -> Result<Case, String> {
    let mut case = Map::new();
    let server = args.server.as_ref().ok_or("a question needs `--server`, or a file of cases with `--case`")?;
    case.insert("server".to_owned(), json!(server));
    let words = [
        ("action", &args.action),
        ("prompt", &args.prompt),
        ("resource", &args.resource),
        ("autonomous", &args.autonomous),
        ("delegation", &args.delegation),
    ];
    for (name, word) in words {
        case.extend(word.as_ref().map(|word| (name.to_owned(), json!(word))));
    }
    case.extend(args.tool.as_ref().map(|name| ("tool".to_owned(), json!({ "name": name, "effects": args.effects }))));
    let assurance = args.assurance.unwrap_or(2);
    let agent = args.agent.as_deref().unwrap_or("tester");
    case.insert("agent".to_owned(), json!({ "id": agent, "groups": args.agent_groups, "assurance": assurance }));
    case.extend(args.human.as_ref().map(|id| ("human".to_owned(), json!({ "id": id, "groups": args.human_groups }))));
    case.insert("loopback".to_owned(), json!(args.loopback));
    case.insert("untrusted_recipient".to_owned(), json!(args.untrusted_recipient));
    case.insert("credential".to_owned(), json!(args.credential.as_deref().unwrap_or_default()));
    let mut arguments = Map::new();
    for argument in &args.arguments {
        let (name, text) = argument.split_once('=').ok_or_else(|| format!("`{argument}` is not `NAME=TEXT`"))?;
        arguments.insert(name.to_owned(), json!(text));
    }
    case.insert("arguments".to_owned(), Value::Object(arguments));
    let case: Case = serde_json::from_value(Value::Object(case)).map_err(|e| e.to_string())?;
    case.check().map(|()| case)
}

#[cfg(test)]
mod tests {
    use super::{ExplainArgs, from_flags};
    use clap::Parser;
    use doorward_policy::{Base, Policies};
    use doorward_vocab::{Decision, Level};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: ExplainArgs,
    }

    fn check(line: &str, expect: Decision) {
        let args = Line::try_parse_from(line.split(' ')).unwrap().args;
        let policies = Policies::compile(&[], Base::Level(Level::Guard)).unwrap();
        assert_eq!(from_flags(&args).unwrap().explain(&policies).decision, expect, "{line}");
    }

    #[test]
    fn questions_from_flags() {
        check("x --server web --tool fetch --effect read --arg url=http://example.com/", Decision::Allow);
        check("x --server web --tool fetch --effect read --arg url=http://0xa9fea9fe/", Decision::Deny);
        check("x --server web --tool send --effect send --untrusted-recipient", Decision::Challenge);
        check("x --server web --autonomous anna", Decision::Allow);
        check("x --server web --autonomous=", Decision::Deny);
        let bad = Line::try_parse_from(["x", "--server", "Web"]).unwrap().args;
        assert!(from_flags(&bad).is_err());
    }
}
