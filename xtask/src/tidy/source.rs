//! Rust source as the rules see it: code apart from strings and comments, and test modules marked.

/// One line of Rust source.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// From 1.
    pub(super) number: usize,
    /// As it stands in the file.
    pub(super) raw: &'a str,
    /// The same, with what is in strings and comments blanked.
    pub(super) code: String,
    /// How many braces are open where the line begins.
    pub(super) depth: usize,
    /// Whether it belongs to an item under `#[cfg(test)]`.
    pub(super) test: bool,
}

/// The lines of a file.
pub(super) fn lines(text: &str) -> Vec<Line<'_>> {
    let code = blank(text);
    let mut lines = Vec::new();
    let mut depth = 0;
    let mut test: Option<TestItem> = None;
    for (index, (raw, code)) in text.lines().zip(code.lines()).enumerate() {
        if test.is_none() && (code.contains("#[cfg(test)]") || code.contains("#[cfg(all(test")) {
            test = Some(TestItem { depth, opened: false });
        }
        let in_test = test.is_some();
        let begin = depth;
        for char in code.chars() {
            match char {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if let Some(item) = &mut test {
                item.opened |= char == '{';
                let over = depth == item.depth && (char == '}' && item.opened || char == ';' && !item.opened);
                if over {
                    test = None;
                }
            }
        }
        lines.push(Line { number: index + 1, raw, code: code.to_owned(), depth: begin, test: in_test });
    }
    lines
}

/// An item under `#[cfg(test)]` that has not ended yet.
struct TestItem {
    depth: usize,
    opened: bool,
}

/// The text with every char of a string, a char literal or a comment turned into a blank; lines stay.
fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = token_end(&chars, at);
        for &char in &chars[at..end.unwrap_or(at + 1)] {
            out.push(if end.is_none() || char == '\n' { char } else { ' ' });
        }
        at = end.unwrap_or(at + 1);
    }
    out
}

/// Where the string, char literal or comment that begins here ends, if one begins here.
fn token_end(chars: &[char], at: usize) -> Option<usize> {
    let rest = &chars[at..];
    let end = match rest {
        ['/', '/', ..] => rest.iter().position(|&char| char == '\n'),
        ['/', '*', ..] => block_comment_end(rest),
        ['"', ..] => quoted_end(rest, '"'),
        // A lifetime has no quote after its first char; a char literal has.
        ['\'', '\\', ..] => quoted_end(rest, '\''),
        ['\'', _, '\'', ..] => Some(3),
        ['r', ..] if at == 0 || !is_name(chars[at - 1]) || is_prefix(chars, at) => return raw_end(rest, at),
        _ => return None,
    };
    Some(at + end.unwrap_or(rest.len()))
}

fn is_name(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// Whether the char before is the `b` or `c` of a raw byte or C string.
fn is_prefix(chars: &[char], at: usize) -> bool {
    matches!(chars[at - 1], 'b' | 'c') && (at < 2 || !is_name(chars[at - 2]))
}

fn block_comment_end(rest: &[char]) -> Option<usize> {
    let mut depth = 0;
    let mut at = 0;
    while at + 1 < rest.len() {
        match (rest[at], rest[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn quoted_end(rest: &[char], quote: char) -> Option<usize> {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 1,
            char if char == quote => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
    None
}

fn raw_end(rest: &[char], at: usize) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|&&char| char == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return None;
    }
    let body = 2 + hashes;
    let close = (body..rest.len()).find(|&quote| {
        rest[quote] == '"' && rest[quote + 1..].iter().take_while(|&&char| char == '#').count() >= hashes
    });
    Some(at + close.map_or(rest.len(), |quote| quote + 1 + hashes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        blank(text).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn strings_and_comments_are_blank() {
        assert_eq!(code("let a = \"x \\\" {\"; // y {"), "let a = ;");
        assert_eq!(code("a /* b /* c */ d */ e"), "a e");
        assert_eq!(code("r#\"a \" b\"# + br\"c\" + r\"\" + x"), "+ b + + x");
        assert_eq!(code("r#type + for\"x\""), "r#type + for");
    }

    #[test]
    fn chars_are_blank_and_lifetimes_are_not() {
        assert_eq!(code("'{' + '\\'' + '\\u{1F600}'"), "+ +");
        assert_eq!(code("fn a<'b>(c: &'b str) -> &'static str"), "fn a<'b>(c: &'b str) -> &'static str");
    }

    #[test]
    fn what_never_ends_ends_with_the_file() {
        assert_eq!(code("a \"b"), "a");
        assert_eq!(code("a /* b"), "a");
        assert_eq!(code("a r#\"b\""), "a");
    }

    #[test]
    fn test_modules_are_marked_to_their_end() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n";
        let marks: Vec<bool> = lines(text).iter().map(|line| line.test).collect();
        assert_eq!(marks, [false, true, true, true, true, false]);
        let text = "#[cfg(test)]\nuse a::b;\nfn c() {}\n";
        let marks: Vec<bool> = lines(text).iter().map(|line| line.test).collect();
        assert_eq!(marks, [true, true, false]);
    }

    #[test]
    fn depth_counts_braces_of_code_only() {
        let depths: Vec<usize> =
            lines("mod a {\n    let b = \"{\";\n}\nfn c() {}\n").iter().map(|line| line.depth).collect();
        assert_eq!(depths, [0, 1, 1, 0]);
    }
}
