//! What a durable decision costs on this disk at the least: an append and an `fdatasync`.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use crate::args::Args;
use crate::histogram::Histogram;

/// About one record of the trail.
const RECORD: [u8; 400] = [b'.'; 400];
const APPENDS: usize = 200;

pub(crate) fn price(args: &Args) -> Result<(), String> {
    let path = Path::new(args.required("dir")?).join("disk-price");
    let outcome = append(&path).map_err(|error| format!("cannot time `{}`: {error}", path.display()));
    let _ = fs::remove_file(&path);
    println!("fdatasync_us {:.1}", outcome?.quantile(500) as f64 / 1000.0);
    Ok(())
}

fn append(path: &Path) -> std::io::Result<Histogram> {
    let mut file = fs::File::create(path)?;
    let mut times = Histogram::default();
    for _ in 0..APPENDS {
        let start = Instant::now();
        file.write_all(&RECORD)?;
        file.sync_data()?;
        times.record(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    Ok(times)
}
