//! What is played, in order: honest work and attacks, one readable file for each under `attacks/`.
//! To add one: a file, and a line here.

use super::scene::Scene;

macro_rules! book {
    ($($name:literal)*) => {
        /// The name of each scene, and its text.
        const BOOK: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../../../attacks/", $name, ".toml"))),)*
        ];
    };
}

book! {
    "honest-morning"
    "honest-mail"
    "honest-stateless"
    "injected-ticket"
    "poisoned-document"
    "injected-error"
    "injected-log"
    "unspoken-injection"
    "reflected-secret"
    "disguised-secret"
    "secret-sent-on"
    "data-in-a-link"
    "forbidden-tool"
    "path-traversal"
    "metadata-address"
    "metadata-spellings"
    "wrong-arguments"
    "header-body-split"
    "duplicate-key"
    "batch"
    "foreign-origin"
    "stolen-session"
    "forged-token"
    "forged-turn"
    "injected-question"
    "polite-question"
    "foreign-elicitation"
    "sampling-flood"
    "poisoned-description"
    "poisoned-introduction"
    "lookalike-name"
    "hidden-letters"
    "squatted-name"
    "shadowing"
    "rug-pull"
    "rug-pull-by-turns"
    "rug-pull-widened"
    "rug-pull-effect"
    "rug-pull-renamed"
    "honest-evening"
}

/// All scenes.
///
/// # Errors
/// Which file is not a scene, and why.
pub(super) fn scenes() -> Result<Vec<Scene>, String> {
    BOOK.iter().map(|(name, text)| Scene::parse(name, text).map_err(|e| format!("attacks/{name}.toml: {e}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_file_is_a_scene_and_is_played() {
        let scenes = scenes().unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../attacks");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(".toml").map(str::to_owned))
            .collect();
        files.sort();
        let mut played: Vec<String> = scenes.iter().map(|s| s.name.clone()).collect();
        played.sort();
        assert_eq!(files, played);
    }

    #[test]
    fn an_attack_says_where_it_happened_and_an_honest_scene_attacks_nobody() {
        for scene in scenes().unwrap() {
            let attacks = scene.steps.iter().filter(|s| s.attack).count();
            assert_eq!(attacks > 0, scene.is_attack(), "{}", scene.name);
            assert_eq!(scene.incident.is_some(), scene.is_attack(), "{}", scene.name);
        }
    }
}
