//! The gateway between real clients and real servers, over real sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod client;
mod flows;
mod front;
mod old;
mod upstream;

mod across;
mod approval;
mod arguments;
mod asking;
mod bytes;
mod clouds;
mod consequences;
mod credentials;
mod definitions;
mod delegations;
mod doors;
mod evidence;
mod failure;
mod hosts;
mod identity;
mod ids;
mod issuing;
mod listening;
mod lists;
mod mandate;
mod measured;
mod names;
mod outage;
mod process;
mod proof;
mod proofs;
mod providers;
mod reload;
mod remote;
mod returns;
mod secretless;
mod sse_clients;
mod sse_servers;
mod streams;
mod svids;
mod tpm;
mod trail;
mod travel;
mod virtuals;
