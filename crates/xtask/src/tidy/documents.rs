//! Documents that must not fall behind the code: PROTOCOL.md is tied to the wire by a hash, RFC2778.md to the tests and
//! files that it names.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;

use super::Complaints;
use crate::listing;
use crate::source;

const PROTOCOL: &str = "docs/PROTOCOL.md";
const RFC: &str = "docs/RFC2778.md";
const MARK: &str = "<!-- wire: ";

/// Complains when the wire's code is no longer what it was when somebody last compared PROTOCOL.md with it.
pub fn wire(root: &Path) -> Result<Complaints> {
    let Ok(text) = fs::read_to_string(root.join(PROTOCOL)) else {
        return Ok(Complaints::new());
    };
    let hash = wire_hash(root)?;
    Ok(match marked(&text) {
        Some(old) if old == hash => Complaints::new(),
        Some(_) => vec![format!(
            "{PROTOCOL}: crates/core/src/wire* has changed; bring the document up to date, then `cargo xtask tidy --bless`"
        )],
        None => vec![format!(
            "{PROTOCOL}: has no line `{MARK}... -->`; `cargo xtask tidy --bless` adds it"
        )],
    })
}

/// Writes the present hash into PROTOCOL.md; says whether that changed anything.
pub fn bless(root: &Path) -> Result<bool> {
    let path = root.join(PROTOCOL);
    let Ok(text) = fs::read_to_string(&path) else {
        return Ok(false);
    };
    let blessed = with_mark(&text, &wire_hash(root)?);
    if blessed == text {
        return Ok(false);
    }
    fs::write(path, blessed)?;
    Ok(true)
}

/// The hash covers code only: a better comment does not send anybody to the document.
fn wire_hash(root: &Path) -> Result<String> {
    let mut all = String::new();
    for file in source::files(root, "crates/core/src", &["rs"])? {
        let inside = file.path.trim_start_matches("crates/core/src/");
        if inside.starts_with("wire") {
            all.push_str(inside);
            all.push('\n');
            all.push_str(&essence(&file.text));
        }
    }
    Ok(listing::hash(all.as_bytes()))
}

/// The words of a source without comment lines and layout. Literals stay: a field's name on the wire is one.
fn essence(text: &str) -> String {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//"))
        .flat_map(str::split_whitespace)
        .collect::<Vec<_>>()
        .join(" ")
}

fn marked(text: &str) -> Option<&str> {
    let line = text.lines().find(|line| line.starts_with(MARK))?;
    line.strip_prefix(MARK)?.strip_suffix(" -->").map(str::trim)
}

fn with_mark(text: &str, hash: &str) -> String {
    let mark = format!("{MARK}{hash} -->");
    if marked(text).is_none() {
        return format!("{}\n\n{mark}\n", text.trim_end());
    }
    let lines = text.lines().map(|line| {
        let is_mark = line.starts_with(MARK);
        if is_mark { mark.as_str() } else { line }
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// Complains about tests and files in the tables of RFC2778.md that do not exist. In a column headed "test" each word in
/// backticks is a test's name (or `path/to/file.rs::name`); anywhere in a table a word with a slash is a file.
pub fn rfc(root: &Path) -> Result<Complaints> {
    let Ok(text) = fs::read_to_string(root.join(RFC)) else {
        return Ok(Complaints::new());
    };
    let mut functions = BTreeSet::new();
    for folder in ["crates", "tests"] {
        for file in source::files(root, folder, &["rs"])? {
            functions.extend(functions_in(&file.code).map(str::to_owned));
        }
    }
    let exists = |path: &str| root.join(path).exists();
    Ok(missing(&text, &|name| functions.contains(name), &exists))
}

fn functions_in(code: &str) -> impl Iterator<Item = &str> {
    code.split("fn ").skip(1).map(|rest| {
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
        &rest[..end.unwrap_or(rest.len())]
    })
}

fn missing(
    text: &str,
    is_function: &dyn Fn(&str) -> bool,
    exists: &dyn Fn(&str) -> bool,
) -> Complaints {
    let mut complaints = Complaints::new();
    let mut test_column = None;
    for (number, line) in text.lines().enumerate() {
        if !line.trim_start().starts_with('|') {
            test_column = None;
            continue;
        }
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').collect();
        if test_column.is_none() {
            let heads = |cell: &&str| cell.trim().to_lowercase().starts_with("test");
            test_column = Some(cells.iter().position(heads));
            continue;
        }
        for (column, cell) in cells.iter().enumerate() {
            for word in cell.split('`').skip(1).step_by(2) {
                let (file, name) = parts(word, test_column == Some(Some(column)));
                if file.is_some_and(|file| !exists(file)) {
                    complaints.push(format!("{RFC}:{}: there is no file `{word}`", number + 1));
                } else if name.is_some_and(|name| !is_function(name)) {
                    complaints.push(format!("{RFC}:{}: there is no test `{word}`", number + 1));
                }
            }
        }
    }
    complaints
}

/// What a word in backticks claims to exist: a file, a test, both or neither.
fn parts(word: &str, names_a_test: bool) -> (Option<&str>, Option<&str>) {
    if word.contains('/') && !word.contains(' ') {
        return match word.split_once("::") {
            Some((file, name)) => (Some(file), name.rsplit("::").next()),
            None => (Some(word), None),
        };
    }
    let name = word.rsplit("::").next();
    (None, name.filter(|_| names_a_test))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_comment_or_a_line_break_does_not_change_the_wire() {
        let one = essence("//! doc\nenum ToAgent {\n    // why\n    Notify,\n}\n");
        let two = essence("//! other\nenum ToAgent { Notify,\n}\n");
        assert_eq!(one, two);
        assert_ne!(one, essence("enum ToAgent { Notified,\n}\n"));
        assert_ne!(essence("\"a\""), essence("\"b\""));
    }

    #[test]
    fn blessing_replaces_the_mark_or_adds_it() {
        let first = with_mark("# Protocol\n\ntext\n", "0a");
        assert_eq!(first, "# Protocol\n\ntext\n\n<!-- wire: 0a -->\n");
        assert_eq!(marked(&first), Some("0a"));
        assert_eq!(with_mark(&first, "0b"), first.replace("0a", "0b"));
    }

    const TABLE: &str = "Text with `no_such_thing`.\n\n| Term | Type | Test |\n|---|---|---|\n\
        | OPEN | `Basic` in `crates/core/src/presence.rs` | `bob_sees_alice`, `tests/scenes/a.rs::carol_sees` |\n\
        | GROUP | `Group` | not yet |\n";

    #[test]
    fn what_the_table_names_is_looked_for() {
        let all = |_: &str| true;
        assert_eq!(missing(TABLE, &all, &all), Complaints::new());
        let none = |_: &str| false;
        let tests = missing(TABLE, &none, &all);
        assert_eq!(tests.len(), 2, "{tests:?}");
        assert!(tests[0].starts_with("docs/RFC2778.md:5: there is no test `bob_sees_alice`"));
        let files = missing(TABLE, &all, &none);
        assert_eq!(files.len(), 2, "{files:?}");
    }

    #[test]
    fn functions_are_read_from_code() {
        let found: Vec<_> = functions_in("fn a() {} pub async fn b_c<T>(x: T) {}").collect();
        assert_eq!(found, ["a", "b_c"]);
    }
}
