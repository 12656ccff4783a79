//! Rows for people: on the screen, and in `docs/benchmarks.md`.

use anyhow::{Context, Result};

use super::Row;

/// A row in one line.
pub(super) fn line(row: &Row) -> String {
    let met = match row.met {
        None => "      ",
        Some(true) => "met   ",
        Some(false) => "MISSED",
    };
    let [value, ratio, control, processor, bar] = cells(row);
    let mut line =
        format!("{met} {:<58} {value:>16}  {ratio:<13} {control:<13} {processor:<22} {bar}", row.name);
    if let Some(note) = &row.note {
        line.push_str(&format!("  ({note})"));
    }
    line.trim_end().to_owned()
}

/// The rows as a table of Markdown.
pub(super) fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| What | Value | Ratio | Control | Processor, its ratio | Bar | Met | Load |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let [value, ratio, control, processor, bar] = cells(row);
        let met = met(row);
        let note = row.note.as_ref().map_or(String::new(), |note| format!(" ({note})"));
        let load = row.machine.rsplit(' ').next().unwrap_or_default();
        table.push_str(&format!(
            "| {}{note} | {value} | {ratio} | {control} | {processor} | {bar} | {met} | {load} |\n",
            row.name
        ));
    }
    if let Some(row) = rows.last() {
        let machine = row.machine.rsplit_once(',').map_or(row.machine.as_str(), |(machine, _)| machine);
        table.push_str(&format!("\nMachine: {machine}.\n"));
    }
    table
}

/// The page with something else in the place of a group.
pub(super) fn replaced(page: &str, group: &str, with: &str) -> Result<String> {
    let begin = format!("<!-- bench: {group} -->\n");
    let place = || format!("the page has no place for the group: {} and <!-- end -->", begin.trim_end());
    let (before, rest) = page.split_once(&begin).with_context(place)?;
    let (_, after) = rest.split_once("<!-- end -->").with_context(place)?;
    Ok(format!("{before}{begin}{with}<!-- end -->{after}"))
}

/// Whether the bar is reached, by how much it is not, and why.
fn met(row: &Row) -> String {
    match (row.met, row.missed_by) {
        (None, _) => String::new(),
        (Some(true), _) => "yes".to_owned(),
        (Some(false), missed_by) => {
            let by = missed_by.map_or(String::new(), |by| format!(", by {:.0} %", by * 100.0));
            format!("**no**{by}{}", row.why.map_or(String::new(), |why| format!(": {why}")))
        }
    }
}

fn cells(row: &Row) -> [String; 5] {
    let pair = |middle: Option<f64>, spread: Option<f64>| match (middle, spread) {
        (Some(middle), Some(spread)) => format!("{middle:.2} ± {spread:.2}"),
        (Some(middle), None) => format!("{middle:.2}"),
        _ => String::new(),
    };
    let processor = match (row.processor, row.processor_ratio) {
        (Some(processor), Some(ratio)) => format!("{} µs, {ratio:.2}", number(processor)),
        (Some(processor), None) => format!("{} µs", number(processor)),
        _ => String::new(),
    };
    [
        format!("{} {}", number(row.value), row.unit),
        pair(row.ratio, row.spread),
        pair(row.control, row.control_spread),
        processor,
        row.bar.clone().unwrap_or_default(),
    ]
}

/// Three digits that count, thousands parted.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    let decimals = match value.abs() {
        small if small < 10.0 => 2,
        small if small < 100.0 => 1,
        _ => 0,
    };
    let text = format!("{value:.decimals$}");
    let (whole, rest) =
        text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut parted = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 && digit != '-' {
            parted.push(',');
        }
        parted.push(digit);
    }
    rest.map_or(parted.clone(), |rest| format!("{parted}.{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, text) in
            [(0.0449, "0.04"), (9.5, "9.50"), (12.345, "12.3"), (999.4, "999"), (1_234_567.0, "1,234,567")]
        {
            assert_eq!(number(value), text);
        }
    }
}
