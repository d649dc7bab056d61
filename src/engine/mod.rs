//! Launching servers as local processes, and finding them ready. Names no engine: what is
//! started, asked and waited for comes from `engine` blocks.
//!
//! ```text
//! scn ──pipe──▶ guard ──fork──▶ server ──▶ its workers
//!  ▲                              │
//!  └────── output, drained ◀──────┘
//! ```

pub mod guard;
pub mod launch;
pub mod log;
pub mod port;
pub mod process;
mod protocol;
pub mod ready;
mod server;
pub mod socket;
mod tail;
pub mod tree;
mod watch;
