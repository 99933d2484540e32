//! Figures beside what was promised, and the sums behind them.

/// What is promised of a figure.
#[derive(Clone, Copy)]
pub enum Bar {
    AtMost(f64),
    AtLeast(f64),
    Within(f64, f64),
    /// It is told for comparison.
    None,
}

/// Prints a figure, whether it is what was promised, and returns that.
pub fn tell(name: &str, value: f64, unit: &str, bar: Bar) -> bool {
    let (met, promised) = match bar {
        Bar::AtMost(most) => (value <= most, format!("at most {most}{unit}")),
        Bar::AtLeast(least) => (value >= least, format!("at least {least}{unit}")),
        Bar::Within(least, most) => ((least..=most).contains(&value), format!("{least} to {most}{unit}")),
        Bar::None => (true, String::new()),
    };
    let word = if matches!(bar, Bar::None) {
        ""
    } else if met {
        "met: "
    } else {
        "MISSED: "
    };
    println!(
        "  {name:<66} {:>9}  {word}{promised}",
        if unit.is_empty() { format!("{value:.3}") } else { format!("{value:.1}{unit}") }
    );
    met
}

/// Where as many of one's own are refused as others are taken.
pub fn equal_error_rate(own: &[f32], others: &[f32]) -> f64 {
    let sorted = |scores: &[f32]| {
        let mut scores = scores.to_vec();
        scores.sort_by(f32::total_cmp);
        scores
    };
    let (own, others) = (sorted(own), sorted(others));
    let below = |scores: &[f32], t: f32| scores.partition_point(|s| *s < t) as f64 / scores.len().max(1) as f64;
    let rates = own.iter().chain(&others).map(|t| (below(&own, *t), 1.0 - below(&others, *t)));
    let nearest = rates.min_by(|a, b| (a.0 - a.1).abs().total_cmp(&(b.0 - b.1).abs()));
    nearest.map_or(0.5, |(refused, taken)| f64::midpoint(refused, taken))
}

/// How often one of the first is above one of the second.
pub fn area(above: &[f32], below: &[f32]) -> f64 {
    let mut sorted = below.to_vec();
    sorted.sort_by(f32::total_cmp);
    let wins = above.iter().map(|a| {
        let (under, equal) = (sorted.partition_point(|b| b < a), sorted.partition_point(|b| b <= a));
        f64::midpoint(under as f64, equal as f64) / sorted.len().max(1) as f64
    });
    wins.sum::<f64>() / above.len().max(1) as f64
}

/// The value below which a share of values lies.
pub fn quantile(values: &[f32], share: f64) -> f32 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let at = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}

/// Numbers that look like chance and are the same each time: SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
    pub fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for n in (1..items.len()).rev() {
            items.swap(n, self.below(n + 1));
        }
    }
}
