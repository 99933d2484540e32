/// Where the value of an argument comes from, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Nobody asked, or it says too little to be traced.
    #[default]
    Untold,
    /// The human said it.
    Human,
    /// It stood in a result that was read before.
    Result,
    /// The human said it, and it stood in a result.
    Both,
    /// Nobody said it before.
    Nowhere,
}

impl Origin {
    /// All origins, in order of declaration.
    pub const ALL: [Self; 5] = [Self::Untold, Self::Human, Self::Result, Self::Both, Self::Nowhere];

    /// In words, to stand after the name of an argument.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Untold => "is of unknown origin",
            Self::Human => "was said by the human",
            Self::Result => "came from a result",
            Self::Both => "was said by the human and stood in a result",
            Self::Nowhere => "was said by nobody",
        }
    }
}
