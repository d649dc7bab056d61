//! A run in virtual time: the simulator in place of servers, and no waiting.

mod flights;
mod load;
mod tokens;
