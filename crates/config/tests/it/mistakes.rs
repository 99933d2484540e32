use doorward_config::{Known, Settings};
use std::{fs, path::Path};

/// Every file of `mistakes/` with what people are told about it.
#[test]
fn every_mistake_is_told_in_one_run() {
    let known = Known { detectors: Some(vec!["hidden-unicode", "tool-shadowing", "imperative"]) };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mistakes");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let case = file.file_stem().unwrap().to_str().unwrap();
        let told = match Settings::parse("doorward.toml", &fs::read_to_string(&file).unwrap(), &known) {
            Ok(loaded) => loaded.warnings.to_string(),
            Err(report) => report.to_string(),
        };
        assert!(!told.contains("hush") && !told.contains("ghp_"), "{case} shows a secret:\n{told}");
        insta::assert_snapshot!(case, told);
    }
}

#[test]
fn files_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("doorward.toml");
    let told = |path: &Path| Settings::load(path).unwrap_err().to_string();
    assert!(told(&path).ends_with("there is no such file"));
    fs::write(&path, b"level = \"guard\"\n\xff").unwrap();
    assert!(told(&path).ends_with("line 2 is not UTF-8 text"));
    fs::write(&path, vec![b'#'; (1 << 20) + 1]).unwrap();
    assert!(told(&path).ends_with("it is larger than 1 MiB"));
}

proptest::proptest! {
    /// Whatever a text is, it gets settings or a report that can be shown; never a panic.
    #[test]
    fn broken_texts_are_told_about(cut in 0usize..1_400, length in 0usize..40, put in "[\\[\\]{}=\"'#.\\PC\n]{0,6}") {
        let whole: Vec<char> = include_str!("whole.toml").chars().collect();
        let cut = cut.min(whole.len());
        let rest = whole.get(cut + length..).unwrap_or_default();
        let text: String = whole[..cut].iter().copied().chain(put.chars()).chain(rest.iter().copied()).collect();
        if let Err(report) = Settings::parse("doorward.toml", &text, &Known::default()) {
            proptest::prop_assert!(report.has_errors());
            proptest::prop_assert!(report.to_string().starts_with("error: ") || report.to_string().starts_with("warning: "));
            proptest::prop_assert!(serde_json::to_string(&report).is_ok());
        }
    }
}
