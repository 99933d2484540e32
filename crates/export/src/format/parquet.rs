//! Apache Parquet without types of Arrow: a column for each of those of the table, and the record as JSON.

use super::{
    Format,
    csv::{COLUMNS, cells},
};
use crate::Item;
use parquet::{
    basic::Compression,
    data_type::{ByteArray, ByteArrayType, Int64Type},
    errors::ParquetError,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};
use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

/// How many rows are one group: they are in memory until it is whole.
const GROUP: usize = 16 << 10;
/// And how many bytes of records.
const GROUP_BYTES: usize = 32 << 20;

#[derive(Default)]
pub(super) struct Rows {
    writer: Option<SerializedFileWriter<Shared>>,
    written: Shared,
    indexes: Vec<i64>,
    times: Vec<i64>,
    /// The columns of text, and last the record.
    texts: Vec<Vec<ByteArray>>,
    bytes: usize,
}

/// What was written and not yet handed on.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Format for Rows {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let schema = Arc::new(parse_message_type(&schema()).map_err(failed)?);
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = SerializedFileWriter::new(self.written.clone(), schema, Arc::new(properties));
        self.writer = Some(writer.map_err(failed)?);
        self.texts = vec![Vec::new(); COLUMNS.len() - 1];
        self.written.hand_on(out)
    }

    fn write(&mut self, items: &[Item], out: &mut dyn Write) -> io::Result<()> {
        for item in items {
            self.indexes.push(i64::try_from(item.index).unwrap_or(i64::MAX));
            self.times.push(i64::try_from(item.record.time.micros()).unwrap_or(i64::MAX));
            let record = String::from_utf8_lossy(&item.bytes).into_owned();
            let row = cells(item).into_iter().skip(2).chain([record]);
            self.bytes += item.bytes.len();
            self.texts.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell.into_bytes().into()));
            if self.indexes.len() >= GROUP || self.bytes >= GROUP_BYTES {
                self.flush().map_err(failed)?;
                self.written.hand_on(out)?;
            }
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.flush().map_err(failed)?;
        if let Some(writer) = self.writer.take() {
            writer.close().map_err(failed)?;
        }
        self.written.hand_on(out)
    }
}

impl Rows {
    fn flush(&mut self) -> Result<(), ParquetError> {
        let Some(writer) = self.writer.as_mut().filter(|_| !self.indexes.is_empty()) else { return Ok(()) };
        let mut group = writer.next_row_group()?;
        let mut numbers = [std::mem::take(&mut self.indexes), std::mem::take(&mut self.times)].into_iter();
        let mut texts = self.texts.iter_mut().map(std::mem::take);
        while let Some(mut column) = group.next_column()? {
            if let Some(values) = numbers.next() {
                column.typed::<Int64Type>().write_batch(&values, None, None)?;
            } else if let Some(values) = texts.next() {
                column.typed::<ByteArrayType>().write_batch(&values, None, None)?;
            }
            column.close()?;
        }
        group.close()?;
        self.bytes = 0;
        Ok(())
    }
}

/// Every column is there in every row; what a record has not is an empty text.
fn schema() -> String {
    let texts: String =
        COLUMNS.iter().skip(2).chain(&["record"]).map(|name| format!("required binary {name} (STRING);\n")).collect();
    format!("message doorward {{\nrequired int64 index;\nrequired int64 time (TIMESTAMP(MICROS,true));\n{texts}}}")
}

fn failed(error: ParquetError) -> io::Error {
    io::Error::other(error)
}

impl Shared {
    fn hand_on(&self, out: &mut dyn Write) -> io::Result<()> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        out.write_all(&bytes)
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
