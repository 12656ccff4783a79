//! Places in JSON.

use serde_json::Value;

/// The pointer of each object in `value`.
pub(crate) fn objects(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), value)];
    while let Some((pointer, value)) = open.pop() {
        match value {
            Value::Object(fields) => {
                open.extend(fields.iter().map(|(name, field)| (below(&pointer, name), field)));
                found.push(pointer);
            }
            Value::Array(elements) => {
                let elements = elements.iter().enumerate();
                open.extend(elements.map(|(at, element)| (below(&pointer, &at.to_string()), element)));
            }
            _ => {}
        }
    }
    found
}

/// The pointer of a field or an element of what `pointer` points to.
fn below(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}
