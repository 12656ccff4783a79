//! Arguments of the form `name=value`.

use std::collections::BTreeMap;

use super::Failure;

/// Reads the pairs of an argument that may be repeated. A name without `=` has an empty value.
pub(super) fn read(argument: &str, texts: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let mut pairs = BTreeMap::new();
    for text in texts {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        if name.is_empty() {
            return Err(Failure::argument(argument, format!("{text:?} has no name; write name=value")));
        }
        if pairs.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(Failure::argument(argument, format!("{name:?} is given twice")));
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_value_may_hold_anything_and_a_name_stands_once() {
        let texts = ["a=b=c".to_owned(), "d".to_owned()];
        let pairs = read("--opt", &texts).unwrap();
        assert_eq!(pairs["a"], "b=c");
        assert_eq!(pairs["d"], "");
        for (texts, part) in [(["=a", "b"], "no name"), (["a=1", "a=2"], "\"a\" is given twice")] {
            let error = read("--opt", &texts.map(str::to_owned)).unwrap_err().to_string();
            assert!(error.starts_with("--opt: ") && error.contains(part), "{error}");
        }
    }
}
