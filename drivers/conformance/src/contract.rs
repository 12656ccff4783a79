//! The driver contract as data.

/// One clause: a row of a table whose first cell begins with `D-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Its number, such as `D-PLAN-3`.
    pub id: String,
    /// What it says.
    pub text: String,
    /// The names of the cases that judge it.
    pub cases: Vec<String>,
    /// The names of the broken drivers that these cases catch.
    pub broken: Vec<String>,
}

/// The clauses of a contract written as Markdown, in their order.
///
/// A clause is a table row of four cells: number, text, cases and broken drivers. Names in the last two stand in
/// backquotes; everything else there is ignored.
pub fn clauses_of(contract: &str) -> Vec<Clause> {
    contract.lines().filter_map(clause_of).collect()
}

fn clause_of(line: &str) -> Option<Clause> {
    let row = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    let [id, text, cases, broken] = cells[..] else { return None };
    id.starts_with("D-").then(|| Clause {
        id: id.to_owned(),
        text: text.to_owned(),
        cases: quoted(cases),
        broken: quoted(broken),
    })
}

fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::clauses_of;

    #[test]
    fn rows_with_a_number_are_clauses_and_nothing_else_is() {
        let clauses = clauses_of(
            "# Text with D-PLAN-9\n| Clause | Text | Cases | Broken |\n|---|---|---|---|\n\
             | D-PLAN-1 | A `Plan` is a value. | `one`, `two` | – |\n| D-PLAN-2 | x | `two` | `bad` |\n",
        );
        assert_eq!(clauses.len(), 2);
        assert_eq!((clauses[0].id.as_str(), clauses[0].text.as_str()), ("D-PLAN-1", "A `Plan` is a value."));
        assert_eq!(clauses[0].cases, ["one", "two"]);
        assert!(clauses[0].broken.is_empty());
        assert_eq!(clauses[1].broken, ["bad"]);
    }
}
