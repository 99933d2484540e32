//! Which credential serves which agent, human and tool: the first rule that fits, and no other. Where none fits, or where
//! the one that fits gives nothing, the call does not fall back on somebody else's account.

use doorward_vocab::Glob;

/// One rule of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The name of the credential; none: the server is called without one.
    pub name: Option<Box<str>>,
    /// Tools that it serves; empty: all, and what is no call.
    pub tools: Box<[Glob]>,
    /// Agents that it serves, by id; empty: all.
    pub agents: Box<[Glob]>,
    /// People that it serves, by id or verified address; empty: all, and runs without a person.
    pub humans: Box<[Glob]>,
    /// Groups whose people it serves; empty: as `humans` says.
    pub groups: Box<[Box<str>]>,
}

/// Who calls, and what.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The agent's id.
    pub agent: &'a str,
    /// The person's id and verified address.
    pub human: Option<(&'a str, Option<&'a str>)>,
    /// The person's groups.
    pub groups: &'a [std::sync::Arc<str>],
    /// The tool; none for what is no call.
    pub tool: Option<&'a str>,
}

impl Rule {
    /// Whether it is about this caller.
    pub fn fits(&self, caller: &Caller<'_>) -> bool {
        let any = |globs: &[Glob], text: &str| globs.iter().any(|g| g.matches(text));
        let tool = self.tools.is_empty() || caller.tool.is_some_and(|tool| any(&self.tools, tool));
        let agent = self.agents.is_empty() || any(&self.agents, caller.agent);
        let human = self.humans.is_empty()
            || caller
                .human
                .is_some_and(|(id, email)| any(&self.humans, id) || email.is_some_and(|e| any(&self.humans, e)));
        let group = self.groups.is_empty()
            || caller.human.is_some() && caller.groups.iter().any(|g| self.groups.iter().any(|mine| **mine == **g));
        tool && agent && human && group
    }
}

/// The rule that speaks.
pub fn choose<'a>(rules: &'a [Rule], caller: &Caller<'_>) -> Option<&'a Rule> {
    rules.iter().find(|rule| rule.fits(caller))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_speaks() {
        let rule = |name: &str, tools: &[&str], groups: &[&str]| Rule {
            name: Some(name.into()),
            tools: tools.iter().map(|t| Glob::new(*t)).collect(),
            groups: groups.iter().map(|g| (*g).into()).collect(),
            ..Rule::default()
        };
        let rules = [rule("admin", &["delete_*"], &["ops"]), rule("usual", &[], &["staff", "ops"])];
        let named = |tool, groups: &[&str]| {
            let groups: Vec<std::sync::Arc<str>> = groups.iter().map(|g| (*g).into()).collect();
            let caller = Caller { agent: "a", human: Some(("u1", None)), groups: &groups, tool };
            choose(&rules, &caller).and_then(|r| r.name.as_deref()).map(str::to_owned)
        };
        assert_eq!(named(Some("delete_all"), &["ops"]).as_deref(), Some("admin"));
        assert_eq!(named(Some("delete_all"), &["staff"]).as_deref(), Some("usual"));
        assert_eq!(named(None, &["ops"]).as_deref(), Some("usual"), "what is no call is about no tool");
        assert_eq!(named(Some("read"), &["guests"]), None);
        let nobody = Caller { agent: "a", human: None, groups: &[], tool: None };
        assert_eq!(choose(&rules, &nobody), None);
    }
}
