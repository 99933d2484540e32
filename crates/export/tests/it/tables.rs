use crate::kit;
use doorward_export::{Format, Item, format};
use doorward_testkit::peers::{self, readers};
use serde_json::Value;

fn written(mut format: impl Format, items: &[Item]) -> Vec<u8> {
    let mut out = Vec::new();
    format.begin(&mut out).unwrap();
    items.chunks(7).for_each(|some| format.write(some, &mut out).unwrap());
    format.end(&mut out).unwrap();
    out
}

#[test]
fn parquet_is_read_by_duckdb() {
    if !peers::installed("Parquet by DuckDB").unwrap() {
        return;
    }
    let items = kit::every_kind();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trail.parquet");
    std::fs::write(&file, written(format::parquet(), &items)).unwrap();
    let told: Value = serde_json::from_str(&readers::read_parquet(&file).unwrap()).unwrap();
    let columns = &told["columns"];
    assert_eq!((&columns["index"], &columns["kind"]), (&"BIGINT".into(), &"VARCHAR".into()));
    assert_eq!((&columns["time"], &columns["record"]), (&"TIMESTAMP WITH TIME ZONE".into(), &"VARCHAR".into()));
    let rows = told["rows"].as_array().unwrap();
    assert_eq!(rows.len(), items.len());
    for (row, item) in rows.iter().zip(&items) {
        assert_eq!(row[1], item.record.time.micros().to_string());
        assert_eq!(row[2], item.record.event.kind());
        assert_eq!(row[15].as_str().unwrap().as_bytes(), item.bytes);
    }
    // Nothing recorded is a table too.
    std::fs::write(&file, written(format::parquet(), &[])).unwrap();
    let told: Value = serde_json::from_str(&readers::read_parquet(&file).unwrap()).unwrap();
    assert_eq!((told["rows"].as_array().unwrap().len(), told["columns"].as_object().unwrap().len()), (0, 16));
}

#[test]
fn a_record_is_one_line_of_cef_whatever_is_in_it() {
    let items = kit::every_kind();
    let text = String::from_utf8(written(format::cef(), &items)).unwrap();
    assert_eq!(text.lines().count(), items.len());
    for (line, item) in text.lines().zip(&items) {
        let header = unescaped_parts(line, '|');
        assert_eq!((header.len(), header[0], header[1]), (8, "CEF:0", "Doorward"), "{line}");
        assert!(header[6].parse::<u8>().is_ok_and(|severity| severity <= 10), "{line}");
        let index = format!("externalId={}", item.index);
        assert!(header[7].contains(&index) && !line.contains('\r') && !line.contains('\u{1b}'), "{line}");
        // An `=` that no key stands before is escaped.
        let keys = unescaped_parts(header[7], '=').len() - 1;
        assert!(header[7].split(' ').filter(|word| unescaped_parts(word, '=').len() == 2).count() == keys, "{line}");
    }
    let deny =
        text.lines().find(|line| line.contains("|ruling:deny|") && line.contains("requestMethod=tools/call")).unwrap();
    for part in
        ["suid=u-ann", "sourceServiceName=helper", "destinationServiceName=mail", "request=mail/send", "cs1=inbox"]
    {
        assert!(deny.contains(part), "{part}: {deny}");
    }
}

/// Splits as CEF does: not where a backslash stands before.
fn unescaped_parts(line: &str, mark: char) -> Vec<&str> {
    let (mut parts, mut from, mut escaped) = (Vec::new(), 0, false);
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == mark && (mark != '|' || parts.len() < 7) => {
                parts.push(&line[from..at]);
                from = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&line[from..]);
    parts
}

#[test]
fn a_table_has_a_row_for_each_record_and_no_formula() {
    let items = kit::every_kind();
    let text = String::from_utf8(written(format::csv(), &items)).unwrap();
    assert_eq!(text.matches("\r\n").count(), items.len() + 1);
    for cell in text.split(',') {
        assert!(!cell.trim_start_matches('"').starts_with('='), "{cell}");
    }
    assert_eq!(written(format::jsonl(), &items).split(|b| *b == b'\n').count(), items.len() + 1);
}
