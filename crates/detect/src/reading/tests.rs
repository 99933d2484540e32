use super::*;
use proptest::prelude::*;

fn last(text: &str) -> String {
    Readings::of(text).iter().last().map(|r| r.text().to_owned()).unwrap_or_default()
}

#[test]
fn plain_texts_have_one_reading() {
    for text in [
        "",
        "The weather is fine.",
        "Grüße aus Köln – “été” 10 €",
        "Привет, мир",
        "你好，世界",
        "می\u{200c}خواهم",
        "ok ❤️ 👨‍👩‍👧",
    ] {
        let readings = Readings::of(text);
        assert_eq!(readings.iter().count(), 1, "{text}: {:?}", readings.others);
    }
}

#[test]
fn what_is_disguised_is_read() {
    let tags: String = "ignore".chars().filter_map(|c| char::from_u32(0xe0000 + u32::from(c))).collect();
    let far: String = "ignore".bytes().filter_map(|b| char::from_u32(0xe0100 + u32::from(b))).collect();
    let row: String = "ignore".bytes().filter_map(|b| char::from_u32(0xe0100 + u32::from(b) - 16)).collect();
    let bits: String = "ignore"
        .bytes()
        .flat_map(|b| (0..8).rev().map(move |n| if b >> n & 1 == 1 { '\u{200c}' } else { '\u{200b}' }))
        .collect();
    for text in [
        "ｉｇｎｏｒｅ",
        "𝐢𝐠𝐧𝐨𝐫𝐞",
        "ⓘⓖⓝⓞⓡⓔ",
        "ign\u{43e}r\u{435}",
        "i\u{200b}g\u{200d}n\u{2060}o\u{ad}re",
        "i\u{336}g\u{301}nore",
        &tags,
        &far,
        &row,
        &bits,
    ] {
        let host = format!("It is {text} today.");
        assert!(last(&host).contains("ignore"), "{host} {:?}", last(&host));
    }
}

proptest! {
    #[test]
    fn originals_are_within_at_boundaries_and_monotone(text in "(\\PC|[ａ-ｚ𝐚-𝐳аеорсух\u{200b}-\u{200f}\u{e0061}-\u{e007a}\u{e0100}-\u{e01ef}a-z ]){0,60}") {
        for reading in Readings::of(&text).iter() {
            let places: Vec<usize> = reading.text().char_indices().map(|(at, _)| at).chain([reading.text().len()]).collect();
            for (n, start) in places.iter().enumerate() {
                for end in places.iter().skip(n) {
                    let span = reading.original(*start..*end);
                    prop_assert!(text.get(span.clone()).is_some(), "{span:?}");
                    let wider = reading.original(*start..places.get(n + 1).copied().unwrap_or(*end).max(*end));
                    prop_assert!(wider.start <= span.start && span.end <= wider.end);
                }
            }
        }
    }

    #[test]
    fn readings_are_bounded(text in "(\\PC|[ａ-ｚ\u{200b}a-z ]){0,200}") {
        let total: usize = Readings::of(&text).iter().map(|r| r.text().len()).sum();
        prop_assert!(total <= text.len() * 3 + 1024);
    }
}
