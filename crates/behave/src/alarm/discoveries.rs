/// Alarms over many agents: of all that are raised at most a share is false in the mean, whatever they have to do with each other
/// (e-LOND; Xu and Ramdas, 2024).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Discoveries {
    share: f64,
    asked: u64,
    raised: u64,
}

impl Discoveries {
    /// Nothing was raised; of what will be, this share may be false.
    pub const fn new(share: f64) -> Self {
        Self { share, asked: 0, raised: 0 }
    }

    /// Whether an agent whose capital is this is to be told of. Asked once for each agent and period.
    pub fn raise(&mut self, capital: f64) -> bool {
        self.asked += 1;
        // The weights 1/(t(t+1)) sum to one.
        let weight = 1.0 / (self.asked as f64 * (self.asked + 1) as f64);
        let raised = capital * self.share * weight * (self.raised + 1) as f64 >= 1.0;
        self.raised += u64::from(raised);
        raised
    }
}
