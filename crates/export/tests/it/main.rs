//! What is exported, read by other people's readers.

mod kit;
mod ocsf;
mod otlp;
mod tables;
mod tell;
