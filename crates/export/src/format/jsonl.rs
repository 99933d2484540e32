use super::Format;
use crate::Item;
use std::io::{self, Write};

pub(super) struct Jsonl;

impl Format for Jsonl {
    fn write(&mut self, items: &[Item], out: &mut dyn Write) -> io::Result<()> {
        for item in items {
            write!(out, "{{\"index\":{},", item.index)?;
            out.write_all(item.bytes.get(1..).unwrap_or_default())?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}
