//! The fixtures on real servers, in containers or as processes, whichever the environment chooses.

mod death;
mod single;
mod talk;
mod three;
