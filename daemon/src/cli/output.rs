//! What a command prints: tables for people, JSON for programs.

use std::io::{self, Write};

use comfy_table::{Table, presets};
use netkeep_controller::Stale;
use serde::Serialize;

use super::Failure;
use crate::client::ClientError;
use crate::exit::Exit;

/// Where a command prints to, and for whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints `value` as JSON if a program reads it, else what `text` makes of it.
    pub(super) fn print<T: Serialize + ?Sized>(
        &self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        let mut text = if self.json {
            serde_json::to_string_pretty(value).map_err(|error| {
                Failure::new(Exit::Failure, format!("the answer cannot be written as JSON: {error}"))
            })?
        } else {
            text(value)
        };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        self.raw(text.as_bytes())
    }

    /// Prints a list: for people a table, or with `quiet` the ids alone.
    pub(super) fn list<T: Serialize>(
        &self,
        things: &[T],
        quiet: bool,
        id: impl Fn(&T) -> String,
        table: impl FnOnce(&[T]) -> String,
    ) -> Result<Exit, Failure> {
        self.print(things, |things| match quiet {
            true => things.iter().map(|thing| id(thing) + "\n").collect(),
            false => table(things),
        })?;
        Ok(Exit::Done)
    }

    /// Asks for each of these by its name, and prints what was found, one after the other.
    pub(super) async fn inspect<T: Serialize>(
        &self,
        names: &[String],
        find: impl AsyncFn(&str) -> Result<T, ClientError>,
        shown: impl Fn(&T) -> String,
    ) -> Result<Exit, Failure> {
        let mut found = Vec::new();
        for name in names {
            found.push(find(name).await?);
        }
        self.print(found.as_slice(), |found| found.iter().map(shown).collect::<Vec<_>>().join("\n"))?;
        Ok(Exit::Done)
    }

    /// Prints these bytes. A reader who has had enough is no failure.
    pub(super) fn raw(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new(Exit::Failure, format!("the output cannot be written: {error}")))
            }
            _ => Ok(()),
        }
    }
}

/// A table without lines, with this header.
pub(super) fn columns(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.iter().copied());
    table
}

/// A table of facts: a name and a value in each row.
pub(super) fn facts() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}

/// The lines of a table, without the blanks at their ends.
pub(super) fn lines(table: &Table) -> String {
    table.trim_fmt()
}

/// Texts with commas between them; a dash if there are none.
pub(super) fn listed<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() { "-".to_owned() } else { items.join(", ") }
}

/// `name=value` pairs with commas between them; a dash if there are none.
pub(super) fn pairs<K: std::fmt::Display, V: std::fmt::Display>(
    pairs: impl IntoIterator<Item = (K, V)>,
) -> String {
    listed(pairs.into_iter().map(|(name, value)| format!("{name}={value}")))
}

/// How old it is, if it is what was known last; else a dash.
pub(super) fn age(stale: Option<Stale>) -> String {
    listed(stale.map(|stale| format!("{} s old", stale.age.as_secs())))
}

/// `yes` or `no`.
pub(super) fn yes(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}
