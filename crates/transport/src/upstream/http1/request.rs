use bytes::{Buf, Bytes};
use http::{HeaderMap, Method, uri::PathAndQuery};
use std::{fmt, io::IoSlice};

/// A request. Path and headers may hold a secret.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) path: PathAndQuery,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A request on its way into a connection.
pub(crate) struct Writing {
    head: Bytes,
    body: Bytes,
    pub(crate) written: bool,
}

impl Outgoing {
    /// The bytes of the request (RFC 9112 §2.1). Names, values and path cannot hold line breaks: their types see to that.
    pub(crate) fn write(&self) -> Writing {
        let values: usize = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        let mut head = Vec::with_capacity(values + self.path.as_str().len() + 64);
        for part in [self.method.as_str(), " ", self.path.as_str(), " HTTP/1.1\r\n"] {
            head.extend_from_slice(part.as_bytes());
        }
        for (name, value) in &self.headers {
            for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                head.extend_from_slice(part);
            }
        }
        if self.method == Method::POST || !self.body.is_empty() {
            head.extend_from_slice(format!("content-length: {}\r\n", self.body.len()).as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        Writing { head: head.into(), body: self.body.clone(), written: false }
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outgoing({} {}, {} bytes)", self.method, self.path.path(), self.body.len())
    }
}

/// Head and body, one behind the other.
impl Buf for Writing {
    fn remaining(&self) -> usize {
        self.head.len() + self.body.len()
    }
    fn chunk(&self) -> &[u8] {
        if self.head.is_empty() { &self.body } else { &self.head }
    }
    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let parts = [&self.head, &self.body].into_iter().filter(|part| !part.is_empty());
        slices.iter_mut().zip(parts).map(|(slice, part)| *slice = IoSlice::new(part)).count()
    }
    fn advance(&mut self, count: usize) {
        self.written |= count > 0;
        let of_head = count.min(self.head.len());
        self.head.advance(of_head);
        self.body.advance(count - of_head);
    }
}
