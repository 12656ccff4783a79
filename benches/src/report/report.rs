//! All rows and figures of a run.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::{Figure, Row, page};

/// What one group of workloads has found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// In the order in which they were measured.
    pub(crate) rows: Vec<Row>,
    /// By the name of the file that each is drawn to.
    pub(crate) figures: Vec<(&'static str, Figure)>,
}

impl Report {
    /// Notes a row, and prints it.
    pub(crate) fn add(&mut self, row: Row) {
        println!("{}", page::line(&row));
        self.rows.push(row);
    }
}

/// Writes all rows as a list in JSON.
///
/// # Errors
///
/// If the file cannot be written.
pub(crate) fn write_json(rows: &[&Row], to: &Path) -> Result<()> {
    let text = serde_json::to_string_pretty(rows).context("rows have no keys but texts")?;
    fs::write(to, text + "\n").with_context(|| format!("cannot write {}", to.display()))
}

/// Puts the table of a group in its place on the page, and its figures beside.
///
/// # Errors
///
/// If the page has no place for the group, or a file cannot be read or written.
pub(crate) fn refresh(group: &str, report: &Report, docs: &Path) -> Result<()> {
    let file = docs.join("benchmarks.md");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let drawn = report.figures.iter().map(|(name, figure)| format!("\n![{}]({name})\n", figure.title));
    let text = page::replaced(&text, group, &(page::table(&report.rows) + &drawn.collect::<String>()))?;
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    for (name, figure) in &report.figures {
        let file = docs.join(name);
        fs::write(&file, figure.svg()).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::report::Bar;

    #[test]
    fn the_file_is_a_list_of_rows_with_all_that_was_promised() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bench.json");
        let row = Row { ratio: Some(0.5), ..Row::value("get", 2.5, "/s") }
            .with_bar(Bar::AtLeast(0.75))
            .because("for a reason");
        assert!(page::table(std::slice::from_ref(&row)).contains("| **no**, by 33 %: for a reason |"));
        write_json(&[&row], &file).unwrap();
        let written: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let row = &written[0];
        for (field, value) in [
            ("name", json!("get")),
            ("value", json!(2.5)),
            ("unit", json!("/s")),
            ("ratio", json!(0.5)),
            ("bar", json!(">= 0.75")),
            ("met", json!(false)),
            ("why", json!("for a reason")),
        ] {
            assert_eq!(row[field], value, "{field}");
        }
        assert!(row["machine"].as_str().unwrap().contains("load"));
        for field in
            ["spread", "control", "control_spread", "processor", "processor_ratio", "missed_by", "note"]
        {
            assert!(row.get(field).is_some(), "{field}");
        }
    }

    #[test]
    fn a_group_is_refreshed_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let page = "# A\n\n<!-- bench: a -->\nold\n<!-- end -->\n\nword\n\n<!-- bench: b -->\n<!-- end -->\n";
        let file = folder.path().join("benchmarks.md");
        fs::write(&file, page).unwrap();
        let mut report = Report::default();
        report.add(Row::value("get", 1234.0, "/s"));
        refresh("a", &report, folder.path()).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains("| get | 1,234 /s |") && !text.contains("old"), "{text}");
        assert!(text.ends_with("\n\nword\n\n<!-- bench: b -->\n<!-- end -->\n"), "{text}");
        // Again changes nothing, and a group without a place is an error.
        refresh("a", &report, folder.path()).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
        assert!(refresh("c", &report, folder.path()).unwrap_err().to_string().contains("bench: c"));
    }
}
