//! Which store a record lives in.

use std::fmt;

/// A marker for a place where records live: [`Local`], [`Global`] or [`Either`]; or for both places: [`Any`].
pub trait Home: fmt::Debug + Send + Sync + 'static {}

/// The store of this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {}

/// The store that all hosts share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Global {}

/// Whichever of the two the scope of the record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Either {}

/// One of the two, of which it shows only at run time which: for code that serves both, and has to see to it itself
/// that a record goes where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Any {}

impl Home for Local {}
impl Home for Global {}
impl Home for Either {}
impl Home for Any {}

/// Says that what has this home may stand in the store `S`.
///
/// ```compile_fail
/// # use netkeep_store::datastore::{Global, Local, LivesIn};
/// fn put<T: LivesIn<Local>>() {}
/// put::<Global>();
/// ```
pub trait LivesIn<S: Home>: Home {}

impl LivesIn<Local> for Local {}
impl LivesIn<Local> for Either {}
impl LivesIn<Global> for Global {}
impl LivesIn<Global> for Either {}
impl LivesIn<Any> for Local {}
impl LivesIn<Any> for Global {}
impl LivesIn<Any> for Either {}
