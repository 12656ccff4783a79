//! What all stores on servers have in common keeps the contract, on servers that lose answers, freeze, go away and
//! are restored.

mod clause;
mod closing;
mod doubted;
mod outcome;
mod servers;
mod watching;
mod went_back;
