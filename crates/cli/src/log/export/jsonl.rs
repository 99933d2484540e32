use super::Exporter;
use crate::log::show::json_line;
use doorward_store::Hit;
use std::io::{self, Write};

pub(super) struct Jsonl;

impl Exporter for Jsonl {
    fn write(&self, hits: &[Hit], out: &mut dyn Write) -> io::Result<()> {
        hits.iter().try_for_each(|hit| json_line(out, hit))
    }
}
