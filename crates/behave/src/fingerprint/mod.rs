//! Who is it? Agents have habits which they do not know of: which call follows which, how they write a number, whether they ask for
//! several things at once. A [`Style`] turns events into [`Habit`]s; [`Fingerprints`] learn which agent has which and say how well a
//! conversation fits the agent that it claims to be.
//!
//! It is a verdict over several conversations and lowers trust only: it never shows that somebody is who they say.

mod habit;
mod known;
mod ratio;
mod style;

pub use habit::{Habit, HabitKind, Habits};
pub use known::{Fingerprints, Fit, Identity, Likeness, Settings, familiarity};
pub use style::Style;
