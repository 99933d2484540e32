//! The room at its door: text in, settings or one report out.

mod examples;
mod mistakes;
mod settings;
