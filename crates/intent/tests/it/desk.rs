//! A desk with mail, files and a bank, and an agent at it.

use doorward_flow::Settings;
use doorward_intent::{Brought, Intent, Stance, Tool, Verdict};
use doorward_vocab::{CallId, Effect, Effects, Label, ServerName, Standing, TurnId};

pub(crate) struct Desk {
    pub(crate) intent: Intent,
    server: ServerName,
    calls: u128,
}

/// The tools of the desk.
pub(crate) fn tool(name: &str) -> Tool {
    let all: &[(&str, Effect, &str, &[&str])] = &[
        ("search_mail", Effect::Search, "Searches the mailbox.", &["query"]),
        ("read_file", Effect::Read, "Reads a file.", &["path"]),
        ("list_payments", Effect::Read, "Lists the payments of the account.", &[]),
        ("send_mail", Effect::Send, "Sends a mail.", &["to", "subject", "body"]),
        ("delete_mail", Effect::Delete, "Deletes a mail.", &["mail_id"]),
        ("send_money", Effect::Send, "Sends money to an account.", &["recipient", "amount"]),
        ("change_payment", Effect::Update, "Changes a standing payment.", &["id", "amount", "recipient"]),
        ("set_password", Effect::Update, "Sets the password of the account.", &["password"]),
        ("create_note", Effect::Create, "Writes a note.", &["title", "text"]),
        ("share_note", Effect::Share, "Shares a note with somebody.", &["note_id", "email"]),
    ];
    let (name, effect, description, arguments) = all.iter().find(|(n, ..)| *n == name).unwrap();
    Tool::new(name, Effects::just(*effect), description, arguments.iter().copied())
}

impl Desk {
    pub(crate) fn new(turn: &str) -> Self {
        let mut desk = Self { intent: Intent::new(Settings::new([5; 16])), server: "desk".parse().unwrap(), calls: 0 };
        desk.said(turn);
        desk
    }
    pub(crate) fn said(&mut self, turn: &str) {
        self.calls += 1;
        self.intent.turn(TurnId::from_bits(self.calls), turn);
    }
    /// A call and what it brought.
    pub(crate) fn heard(&mut self, name: &str, arguments: &[(&str, &str)], text: &str) {
        self.calls += 1;
        let tool = tool(name);
        let asked_for = tool.effects.is_sink() && self.judge(name, arguments).stance <= Stance::Delegated;
        let brought = Brought {
            call: CallId::from_bits(self.calls),
            server: &self.server,
            tool: &tool,
            arguments,
            standing: Standing::of(Label::OUTSIDE),
            asked_for,
            left: false,
        };
        self.intent.heard(brought, &[("", text)]);
    }
    pub(crate) fn judge(&self, name: &str, arguments: &[(&str, &str)]) -> Verdict {
        self.intent.judge(&tool(name), arguments)
    }
    pub(crate) fn stance(&self, name: &str, arguments: &[(&str, &str)]) -> Stance {
        self.judge(name, arguments).stance
    }
}
