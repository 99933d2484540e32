use doorward_vocab::CallId;

/// The proof that the decision about a call is in the trail; forwarding asks for it.
///
/// Not `Clone`: one receipt, one forwarded message.
#[derive(Debug, PartialEq, Eq)]
pub struct Receipt {
    call: CallId,
    index: u64,
    durable: bool,
}

impl Receipt {
    /// Asserts that record `index` of the trail holds the decision about `call`. `durable` says that it is on disk
    /// (required before a sink call leaves); otherwise it is queued for the next commit. Only the writer of the trail
    /// may assert this: everywhere else `clippy.toml` disallows it.
    pub const fn assertion(call: CallId, index: u64, durable: bool) -> Self {
        Self { call, index, durable }
    }
    /// The call that was decided.
    pub const fn call(&self) -> CallId {
        self.call
    }
    /// The index of the record, from 0.
    pub const fn index(&self) -> u64 {
        self.index
    }
    /// Whether the decision is on disk.
    pub const fn durable(&self) -> bool {
        self.durable
    }
}
