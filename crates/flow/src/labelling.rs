//! Which standing a text has when it comes in: by the server, the tool and the resource that it comes from, and by what it
//! is about.

use crate::classes;
use doorward_vocab::{Class, Classes, Confidentiality, Glob, Integrity, Label, Owners, Standing};

/// A rule of the operator for what comes from somewhere. Every pattern must fit; one that is not there fits everything.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    /// The server.
    pub server: Option<Glob>,
    /// The tool.
    pub tool: Option<Glob>,
    /// The resource.
    pub resource: Option<Glob>,
    /// What the text must be about, in part.
    pub class: Option<Class>,
    /// Whether it may be believed.
    pub integrity: Option<Integrity>,
    /// Who may read it.
    pub confidentiality: Option<Confidentiality>,
    /// To whom it belongs.
    pub owners: Owners,
}

/// The rules in force.
#[derive(Clone, Debug, Default)]
pub struct Labelling {
    /// In their order.
    pub rules: Vec<Rule>,
}

/// Where a text comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origins<'a> {
    /// The name of the server.
    pub server: &'a str,
    /// The name of the tool.
    pub tool: &'a str,
    /// The URI or path of the resource.
    pub resource: Option<&'a str>,
}

impl Labelling {
    /// The standing of texts that come from there. Without a rule they are from outside: untrusted, internal. A class has the
    /// least confidentiality that [`Self::least`] says, unless a rule says more. Of the rules that fit the first says whether
    /// to believe; all of them together say who may read it and whose it is.
    pub fn standing<'t>(&self, from: Origins<'_>, texts: impl IntoIterator<Item = &'t str>) -> Standing {
        let classes = texts.into_iter().fold(Classes::NONE, |all, text| all.join(classes::of(text)));
        self.standing_of(from, Label::OUTSIDE, classes)
    }

    /// The same of texts that are about `classes`, with the label that they have without a rule.
    pub fn standing_of(&self, from: Origins<'_>, without: Label, classes: Classes) -> Standing {
        let mut standing = Standing { label: without, owners: Owners::NONE, classes };
        let mut integrity = None;
        let mut said = None;
        for rule in self.rules.iter().filter(|rule| rule.fits(from, classes)) {
            integrity = integrity.or(rule.integrity);
            said = said.max(rule.confidentiality);
            standing.owners = standing.owners.join(&rule.owners);
        }
        standing.label.integrity = integrity.unwrap_or(without.integrity);
        standing.label.confidentiality =
            classes.iter().map(Self::least).fold(said.unwrap_or(without.confidentiality), Confidentiality::max);
        standing
    }

    /// The least confidentiality of what is about something.
    pub const fn least(class: Class) -> Confidentiality {
        match class {
            Class::Secret => Confidentiality::Secret,
            Class::Personal | Class::Financial => Confidentiality::Confidential,
            Class::Code => Confidentiality::Internal,
        }
    }
}

impl Rule {
    fn fits(&self, from: Origins<'_>, classes: Classes) -> bool {
        let fits = |glob: &Option<Glob>, name: Option<&str>| match (glob, name) {
            (None, _) => true,
            (Some(glob), Some(name)) => glob.matches(name),
            (Some(_), None) => false,
        };
        fits(&self.server, Some(from.server))
            && fits(&self.tool, Some(from.tool))
            && fits(&self.resource, from.resource)
            && self.class.is_none_or(|class| classes.contains(class))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_and_contents_join() {
        let rules = vec![
            Rule { server: Some(Glob::new("wiki")), integrity: Some(Integrity::Trusted), ..Rule::default() },
            Rule {
                resource: Some(Glob::new("file:///hr/*")),
                confidentiality: Some(Confidentiality::Secret),
                owners: Owners::just("people"),
                ..Rule::default()
            },
            Rule {
                tool: Some(Glob::new("*")),
                integrity: Some(Integrity::Untrusted),
                confidentiality: Some(Confidentiality::Public),
                ..Rule::default()
            },
        ];
        let labelling = Labelling { rules };
        let from = |server, resource| Origins { server, tool: "read", resource };
        let label = |s: &Standing| (s.label.integrity, s.label.confidentiality);
        let wiki = labelling.standing(from("wiki", None), ["Welcome."]);
        assert_eq!(label(&wiki), (Integrity::Trusted, Confidentiality::Public));
        let mail = labelling.standing(from("mail", Some("file:///hr/list")), ["Welcome."]);
        assert_eq!(label(&mail), (Integrity::Untrusted, Confidentiality::Secret));
        assert!(Owners::just("people").within(&mail.owners));
        let bill = labelling.standing(from("mail", None), ["Pay DE89 3704 0044 0532 0130 00."]);
        assert_eq!(label(&bill), (Integrity::Untrusted, Confidentiality::Confidential));
        assert_eq!(Labelling::default().standing(from("mail", None), ["Welcome."]), Standing::of(Label::OUTSIDE));
    }
}
