use doorward_store::{
    replace_secret,
    trail::{Place, Reader},
};
use serde_json::{Value, json};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Up to where an export was told, on disk: `exports/NAME.json` in the state folder. Of a trail that is not the one it was made
/// for it says nothing.
#[derive(Debug)]
pub(super) struct Cursor {
    file: PathBuf,
    trail: PathBuf,
    /// The name of the trail: the origin of its checkpoints.
    origin: String,
}

impl Cursor {
    pub(super) fn open(state: &Path, trail: &Path, name: &str) -> Result<Self, String> {
        let key =
            fs::read_to_string(trail.join("key.pub")).map_err(|e| format!("cannot read the key of the trail: {e}"))?;
        let origin = key.split('+').next().unwrap_or_default().to_owned();
        let folder = state.join("exports");
        fs::create_dir_all(&folder).map_err(|e| format!("cannot create `{}`: {e}", folder.display()))?;
        Ok(Self { file: folder.join(format!("{name}.json")), trail: trail.to_owned(), origin })
    }

    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// A reader that goes on where the export was; none where it was never told anything.
    pub(super) fn reader(&self) -> Option<Reader> {
        let kept: Value = serde_json::from_slice(&fs::read(&self.file).ok()?).ok()?;
        let number = |key: &str| kept.get(key).and_then(Value::as_u64);
        if kept.get("trail").and_then(Value::as_str) != Some(self.origin.as_str()) {
            return None;
        }
        let place = Place { segment: number("segment")?, offset: number("offset")? };
        let file = self.trail.join(format!("segments/{:020}.seg", place.segment));
        // A loss of power may have taken what was read and not yet on disk: then the segment is told again, as other records
        // stand there now.
        if fs::metadata(file).is_ok_and(|found| found.len() < place.offset) {
            tracing::warn!(file = %self.file.display(), "the trail was cut after this was told; a segment is told again");
            return Reader::of_segment_with(&self.trail, place.segment).ok();
        }
        Some(Reader::from(&self.trail, number("next")?, place))
    }

    /// Keeps that everything before the next record of `reader` was told.
    pub(super) fn keep(&self, reader: &Reader) -> io::Result<()> {
        let place = reader.place();
        let kept =
            json!({ "trail": self.origin, "next": reader.index(), "segment": place.segment, "offset": place.offset });
        replace_secret(&self.file, kept.to_string().as_bytes()).map_err(io::Error::other)
    }
}
