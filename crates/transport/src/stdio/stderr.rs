use bytes::{BufMut, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    time::{Duration, Instant},
};
use zeroize::Zeroize as _;

/// One line that a child wrote to its standard error: untrusted text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StderrLine {
    /// The line, without its end; invalid UTF-8 replaced.
    pub text: String,
    /// Whether the line was longer and its rest is lost.
    pub cut: bool,
    /// Lines dropped before this one, since there were too many in a second.
    pub dropped: u64,
}

/// Reads standard error to its end, so that the child never blocks on it, and reports at most `per_second` lines.
pub(super) async fn drain(
    mut stderr: impl AsyncRead + Unpin,
    limit: usize,
    per_second: u32,
    mut report: impl FnMut(StderrLine),
) {
    let mut line = Line { limit, text: BytesMut::new(), cut: false };
    let mut rate = Rate { per_second, left: per_second, second: Instant::now(), dropped: 0 };
    let mut chunk = BytesMut::with_capacity(8 << 10);
    loop {
        chunk.clear();
        match stderr.read_buf(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        let mut rest: &[u8] = &chunk;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (head, tail) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            line.add(head);
            line.report(&mut rate, &mut report);
            rest = tail.get(1..).unwrap_or_default();
        }
        line.add(rest);
        // The room is used again, and a command may print secrets.
        chunk.as_mut().zeroize();
    }
    if !line.text.is_empty() {
        line.report(&mut rate, &mut report);
    }
}

struct Line {
    limit: usize,
    text: BytesMut,
    cut: bool,
}

impl Line {
    fn add(&mut self, bytes: &[u8]) {
        let room = self.limit.saturating_sub(self.text.len());
        self.cut |= bytes.len() > room;
        self.text.put_slice(bytes.get(..room).unwrap_or(bytes));
    }
    fn report(&mut self, rate: &mut Rate, report: &mut impl FnMut(StderrLine)) {
        if let Some(dropped) = rate.admit() {
            let text = String::from_utf8_lossy(&self.text).trim_end_matches('\r').to_owned();
            report(StderrLine { text, cut: self.cut, dropped });
        }
        self.text.as_mut().zeroize();
        self.text.clear();
        self.cut = false;
    }
}

struct Rate {
    per_second: u32,
    left: u32,
    second: Instant,
    dropped: u64,
}

impl Rate {
    /// The lines dropped since the last admitted one, or `None` where this one is dropped too.
    fn admit(&mut self) -> Option<u64> {
        if self.second.elapsed() >= Duration::from_secs(1) {
            (self.left, self.second) = (self.per_second, Instant::now());
        }
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Some(std::mem::take(&mut self.dropped))
            }
            None => {
                self.dropped += 1;
                None
            }
        }
    }
}
