//! Runs of the real binary, end to end: small scenarios on the built-in engine, or on a server
//! that the test itself plays.

mod across;
mod answers;
mod attached;
mod cut;
mod disk;
mod faults;
mod feasible;
mod folder;
mod interrupt;
mod load;
mod media;
mod mock;
mod random;
mod raw;
mod reports;
mod secrets;
mod servers;
mod simulated;
mod simulated_faults;
mod suites;
mod support;
mod url;
mod versions;
