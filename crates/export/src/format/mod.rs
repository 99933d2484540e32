//! The formats. A new one is a file and a function here.

mod cef;
mod cloud_events;
mod csv;
mod jsonl;
pub mod ocsf;
pub mod otlp;
mod parquet;
pub mod syslog;

pub use cloud_events::cloud_events;

use crate::Item;
use std::io::{self, Write};

/// Writes records in a format.
pub trait Format: Send {
    /// What stands before all records.
    ///
    /// # Errors
    /// What `out` says.
    fn begin(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
    /// The next records, in the order of the trail.
    ///
    /// # Errors
    /// What `out` says.
    fn write(&mut self, items: &[Item], out: &mut dyn Write) -> io::Result<()>;
    /// What stands after all records.
    ///
    /// # Errors
    /// What `out` says.
    fn end(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// The records as they stand in the trail, one per line, with their index.
pub fn jsonl() -> impl Format {
    jsonl::Jsonl
}
/// RFC 4180, one row per record. What a spreadsheet would compute is made text.
pub fn csv() -> impl Format {
    csv::Csv
}
/// Apache Parquet, one row per record, with the columns of [`csv`] and the whole record.
pub fn parquet() -> impl Format {
    parquet::Rows::default()
}
/// OCSF events, one per line.
pub fn ocsf() -> impl Format {
    ocsf::Ocsf::default()
}
/// OTLP/JSON requests of logs, each a line with many records, as a collector's file receiver reads them.
pub fn otlp_logs() -> impl Format {
    otlp::Lines::logs()
}
/// OTLP/JSON requests of traces, each a line with many spans.
pub fn otlp_traces() -> impl Format {
    otlp::Lines::traces()
}
/// Lines of CEF, one per record.
pub fn cef() -> impl Format {
    cef::Cef
}
