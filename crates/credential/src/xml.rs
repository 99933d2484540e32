use crate::Failure;
use quick_xml::{Reader, events::Event};
use std::collections::HashMap;
use zeroize::Zeroize;

/// How deep a document may be.
const DEPTH: usize = 8;

/// The texts of a document by the local names that lead to them, as in `Response/Result/Expiration`. It is what answers
/// of query protocols need; attributes, and all that is not element or text, are not read.
pub(crate) struct Texts(HashMap<String, String>);

impl Drop for Texts {
    fn drop(&mut self) {
        self.0.values_mut().for_each(Zeroize::zeroize);
    }
}

impl Texts {
    /// Reads a document.
    ///
    /// # Errors
    /// [`Failure::Unusable`] for what is no document, declares types of its own, is deep, or says one thing twice.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Failure> {
        let unusable = || Failure::Unusable("the answer is no XML that can be read".into());
        let mut reader = Reader::from_str(std::str::from_utf8(body).map_err(|_| unusable())?);
        reader.config_mut().check_end_names = true;
        let (mut texts, mut path, mut text): (HashMap<String, String>, Vec<String>, String) = Default::default();
        loop {
            match reader.read_event().map_err(|_| unusable())? {
                Event::Start(start) => {
                    path.push(start.local_name().as_ref().to_owned());
                    text.clear();
                    if path.len() > DEPTH {
                        return Err(unusable());
                    }
                }
                Event::Text(part) => text.push_str(&part),
                Event::GeneralRef(part) => match part.resolve_char_ref().map_err(|_| unusable())? {
                    Some(character) => text.push(character),
                    None => text.push_str(quick_xml::escape::resolve_xml_entity(&part).ok_or_else(unusable)?),
                },
                Event::End(_) => {
                    let key = path.join("/");
                    path.pop();
                    let leaf = std::mem::take(&mut text);
                    if !leaf.trim().is_empty() && texts.insert(key, leaf.trim().to_owned()).is_some() {
                        return Err(unusable());
                    }
                }
                Event::Eof if path.is_empty() && !texts.is_empty() => return Ok(Self(texts)),
                Event::Empty(_) | Event::Decl(_) | Event::Comment(_) => {}
                Event::Eof | Event::DocType(_) | Event::CData(_) | Event::PI(_) => return Err(unusable()),
            }
        }
    }

    /// The text at `path`.
    pub(crate) fn at(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_their_paths() {
        let of = |xml: &str| Texts::read(xml.as_bytes());
        let read =
            of(r#"<?xml version="1.0"?><A xmlns="x"> <B><C>a &amp; &#x41; </C><n:D>2</n:D></B> <E/> </A>"#).unwrap();
        assert_eq!(
            (read.at("A/B/C"), read.at("A/B/D"), read.at("A/E"), read.at("A")),
            (Some("a & A"), Some("2"), None, None)
        );
        for wrong in [
            "",
            "text",
            "{}",
            "<A><B>1</B>",
            "<A><B>1</A></B>",
            "<A><B>1</B><B>2</B></A>",
            "<!DOCTYPE A [<!ENTITY e \"x\">]><A><B>&e;</B></A>",
            "<A><B>&e;</B></A>",
            "<a><a><a><a><a><a><a><a><a>1</a></a></a></a></a></a></a></a></a>",
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
