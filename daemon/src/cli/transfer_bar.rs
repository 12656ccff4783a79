//! How far a transfer is, on terminals.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use netkeep_store::transfer::{Progress, Stage};

/// A bar for each stage, one after the other; nothing if nobody looks.
#[derive(Debug)]
pub(super) struct TransferBar(ProgressBar);

impl TransferBar {
    pub(super) fn new() -> Self {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{msg:10} {bar:40} {pos}/{len} keys, {elapsed}");
        Self(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }
}

impl Progress for TransferBar {
    fn began(&self, stage: Stage, keys: usize) {
        self.0.reset();
        self.0.set_message(stage.to_string());
        self.0.set_length(u64::try_from(keys).unwrap_or(u64::MAX));
    }

    fn passed(&self, keys: usize) {
        self.0.inc(u64::try_from(keys).unwrap_or(u64::MAX));
    }
}

impl Drop for TransferBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
