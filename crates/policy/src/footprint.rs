use crate::context::{ATTRIBUTES, Context};
use cedar_policy::{
    Context as CedarContext, Policy, RestrictedExpression,
    pst::{BinaryOp, Clause, Expr, Literal, Var},
};
use std::collections::HashMap;

const _: () = assert!(ATTRIBUTES.len() <= 64, "a footprint is 64 bits");

/// Which attributes of the context the conditions of some policies read.
///
/// An evaluation is given these and no others, and the memory is keyed by their values. So a mistake here cannot
/// give the answer of another question: an attribute that is read and missing makes the evaluation fail, which denies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Footprint(u64);

impl Footprint {
    /// What `policy` reads.
    pub(crate) fn of(policy: &Policy) -> Self {
        let Ok(tree) = policy.to_pst() else { return Self::all() };
        let mut print = Self::default();
        for clause in tree.body().clauses() {
            let (Clause::When(e) | Clause::Unless(e)) = clause;
            print.walk(e);
        }
        print
    }
    pub(crate) fn all() -> Self {
        Self::below("")
    }
    /// The attribute `path`, all within it, and the one whose field it is.
    pub(crate) fn below(path: &str) -> Self {
        let within = |inner: &str, outer: &str| {
            outer.is_empty() || inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let read = |attribute: &str| within(attribute, path) || within(path, attribute);
        Self((0..).zip(ATTRIBUTES).filter(|(_, a)| read(a.path)).fold(0, |bits, (n, _)| bits | 1 << n))
    }
    /// The attributes that say where values came from: for them, a call is traced.
    pub(crate) fn of_sources() -> Self {
        Self(Self::below("flow").0 & !Self::below("flow.untrustedRecipient").0)
    }
    /// The attributes that differ from call to call of the same target: of arguments, flow and findings.
    pub(crate) fn of_content() -> Self {
        Self::below("args").and(Self::below("flow")).and(Self::below("findings"))
    }
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    pub(crate) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
    /// Whether a fact is read that may lack something.
    pub(crate) fn doubts(self, context: &Context<'_>) -> bool {
        context.arguments.overflow() && self.paths().any(|path| context.arguments.lacks(path))
    }
    /// The paths, in order.
    pub(crate) fn paths(self) -> impl Iterator<Item = &'static str> {
        self.attributes().map(|a| a.path)
    }

    /// Writes the values, so that two circumstances read alike only if no policy here can tell them apart.
    pub(crate) fn encode(self, context: &Context<'_>, out: &mut Vec<u8>) {
        self.attributes().for_each(|a| (a.of)(context).encode(out));
    }

    /// The context for Cedar, with these attributes only. None if Cedar refuses it, which denies.
    pub(crate) fn context(self, context: &Context<'_>) -> Option<CedarContext> {
        let mut top: Vec<(String, RestrictedExpression)> = Vec::new();
        let mut records: HashMap<&str, Vec<(String, RestrictedExpression)>> = HashMap::new();
        for a in self.attributes() {
            let value = (a.of)(context).expression();
            match a.path.split_once('.') {
                Some((record, name)) => records.entry(record).or_default().push((name.to_owned(), value)),
                None => top.push((a.path.to_owned(), value)),
            }
        }
        for (name, fields) in records {
            top.push((name.to_owned(), RestrictedExpression::new_record(fields).ok()?));
        }
        CedarContext::from_pairs(top).ok()
    }

    fn attributes(self) -> impl Iterator<Item = &'static crate::context::Attribute> {
        (0..).zip(ATTRIBUTES).filter(move |(n, _)| self.0 & 1 << n != 0).map(|(_, a)| a)
    }

    fn walk(&mut self, e: &Expr) {
        if let Some(path) = context_path(e) {
            *self = self.and(Self::below(&path));
            return;
        }
        match e {
            Expr::Literal(_) | Expr::Var(_) => {}
            Expr::UnaryOp { expr, .. } | Expr::GetAttr { expr, .. } | Expr::Like { expr, .. } => self.walk(expr),
            Expr::HasAttr { expr, attrs } => match context_path(expr) {
                Some(path) => match Self::below(&attrs.iter().fold(path, |path, attr| join(path, attr))) {
                    // Nothing of that name: then the record must be there, to say that it lacks it.
                    Self(0) => self.walk(expr),
                    asked => *self = self.and(asked),
                },
                None => self.walk(expr),
            },
            Expr::BinaryOp { left, right, .. } => {
                self.walk(left);
                self.walk(right);
            }
            Expr::Is { expr, in_expr, .. } => {
                self.walk(expr);
                in_expr.iter().for_each(|e| self.walk(e));
            }
            Expr::IfThenElse { cond, then_expr, else_expr } => {
                [cond, then_expr, else_expr].into_iter().for_each(|e| self.walk(e));
            }
            Expr::Set(items) => items.iter().for_each(|e| self.walk(e)),
            Expr::Record(fields) => fields.values().for_each(|e| self.walk(e)),
            // What we do not know may read anything.
            _ => *self = Self::all(),
        }
    }
}

/// Whether a condition looks into an entity that it names, and not into the principal or resource of the question.
/// Such an entity is not part of a question, so the policy would never do what it says.
pub(crate) fn looks_into_a_named_entity(policy: &Policy) -> bool {
    fn named(e: &Expr) -> bool {
        matches!(e, Expr::Literal(Literal::EntityUID(_)))
    }
    fn walk(e: &Expr) -> bool {
        match e {
            Expr::GetAttr { expr, .. } | Expr::HasAttr { expr, .. } => named(expr) || walk(expr),
            Expr::BinaryOp { op: BinaryOp::In | BinaryOp::GetTag | BinaryOp::HasTag, left, right } => {
                named(left) || walk(left) || walk(right)
            }
            Expr::BinaryOp { left, right, .. } => walk(left) || walk(right),
            Expr::UnaryOp { expr, .. } | Expr::Like { expr, .. } => walk(expr),
            Expr::Is { expr, in_expr, .. } => named(expr) || walk(expr) || in_expr.as_ref().is_some_and(|e| walk(e)),
            Expr::IfThenElse { cond, then_expr, else_expr } => walk(cond) || walk(then_expr) || walk(else_expr),
            Expr::Set(items) => items.iter().any(|e| walk(e)),
            Expr::Record(fields) => fields.values().any(|e| walk(e)),
            _ => false,
        }
    }
    let Ok(tree) = policy.to_pst() else { return false };
    tree.body().clauses().iter().any(|(Clause::When(e) | Clause::Unless(e))| walk(e))
}

/// The dotted path of an expression like `context.args.paths`; empty for `context` itself.
fn context_path(e: &Expr) -> Option<String> {
    match e {
        Expr::Var(Var::Context) => Some(String::new()),
        Expr::GetAttr { expr, attr } => context_path(expr).map(|path| join(path, attr)),
        _ => None,
    }
}

fn join(path: String, attr: &str) -> String {
    if path.is_empty() { attr.to_owned() } else { format!("{path}.{attr}") }
}
