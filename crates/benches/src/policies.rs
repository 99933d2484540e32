//! Policies as a large deployment has them.

const TEAM: &str = include_str!("../policies/team.cedar");
const EVERYBODY: &str = include_str!("../policies/everybody.cedar");

/// The policies of so many teams, five for each, and the five that hold for everybody: 199 teams have 1,000 policies.
/// None of them applies to a call of the agent `local`, and of the tool `echo` of the server `bench`.
pub fn policies(teams: usize) -> String {
    let teams = (0..teams).map(|number| TEAM.replace("TEAM", &number.to_string()));
    teams.chain([EVERYBODY.to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_policy::{Base, Policies, Source};
    use doorward_vocab::Level;

    #[test]
    fn a_thousand_policies_compile_without_a_warning() {
        let text = policies(199);
        assert_eq!(text.matches("@id(").count(), 1000);
        let source = Source { name: "bench.cedar".to_owned(), text };
        let compiled = Policies::compile(&[source], Base::Level(Level::Guard)).unwrap();
        assert!(compiled.warnings().is_empty(), "{:?}", compiled.warnings());
    }
}
