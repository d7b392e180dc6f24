//! Reading Rust (and JavaScript) as text: the code without its comments and literals, and the files of a folder.
//!
//! The house's rules are about what code names, not about what its comments discuss, so both are blanked out. Lines and
//! columns stay where they were.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

/// One source file.
pub struct Source {
    /// Relative to the root of the project, with slashes.
    pub path: String,
    pub text: String,
    /// `text` with every comment and every literal's content replaced by spaces.
    pub code: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
            code: blank(text),
        }
    }

    /// The numbers of the lines whose code contains `token`, with word boundaries where the token begins or ends a word.
    pub fn lines_naming(&self, token: &str) -> Vec<usize> {
        self.code
            .lines()
            .enumerate()
            .filter(|(_, line)| names(line, token))
            .map(|(number, _)| number + 1)
            .collect()
    }
}

/// All files below `folder` whose names end in one of `extensions`, sorted; none if there is no such folder.
pub fn files(root: &Path, folder: &str, extensions: &[&str]) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    walk(&root.join(folder), &mut |path| {
        let wanted = path
            .extension()
            .is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted));
        if wanted {
            found.push(path);
        }
    })?;
    found.sort();
    found
        .into_iter()
        .map(|path| {
            let inside = path
                .strip_prefix(root)?
                .to_string_lossy()
                .replace('\\', "/");
            Ok(Source::new(&inside, &fs::read_to_string(&path)?))
        })
        .collect()
}

fn walk(folder: &Path, visit: &mut impl FnMut(PathBuf)) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name == "target" || name == "node_modules" || name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            walk(&path, visit)?;
        } else {
            visit(path);
        }
    }
    Ok(())
}

/// Whether a line of code names a token as a whole: `async` is not in `asynchronous`, `person(` is not in `for_person(`.
pub fn names(line: &str, token: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let starts_word = token.starts_with(is_word);
    let ends_word = token.ends_with(is_word);
    line.match_indices(token).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + token.len()..].chars().next();
        let torn_before = starts_word && before.is_some_and(is_word);
        let torn_after = ends_word && after.is_some_and(is_word);
        !torn_before && !torn_after
    })
}

/// Replaces comments and the insides of literals by spaces.
fn blank(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < letters.len() {
        let Some(end) = skip(&letters, at) else {
            code.push(letters[at]);
            at += 1;
            continue;
        };
        for letter in &letters[at..end] {
            code.push(if *letter == '\n' { '\n' } else { ' ' });
        }
        at = end;
    }
    code
}

/// If a comment or literal begins here, where it ends.
fn skip(letters: &[char], at: usize) -> Option<usize> {
    let next = letters.get(at + 1).copied();
    match (letters[at], next) {
        ('/', Some('/')) => Some(find(letters, at, |rest| rest[0] == '\n')),
        ('/', Some('*')) => Some(block_comment(letters, at)),
        ('"', _) => Some(quoted(letters, at + 1, '"')),
        ('\'', Some(_)) => character(letters, at),
        ('r', Some('"' | '#')) if !follows_a_word(letters, at) => raw_string(letters, at),
        _ => None,
    }
}

fn follows_a_word(letters: &[char], at: usize) -> bool {
    // A byte string's `b` is no word of its own.
    let before = at.checked_sub(1).map(|before| letters[before]);
    before.is_some_and(|letter| letter != 'b' && (letter.is_alphanumeric() || letter == '_'))
}

fn find(letters: &[char], from: usize, found: impl Fn(&[char]) -> bool) -> usize {
    (from..letters.len())
        .find(|at| found(&letters[*at..]))
        .unwrap_or(letters.len())
}

fn block_comment(letters: &[char], from: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = from;
    while at < letters.len() {
        match letters[at..] {
            ['/', '*', ..] => {
                depth += 1;
                at += 2;
            }
            ['*', '/', ..] => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

fn quoted(letters: &[char], from: usize, quote: char) -> usize {
    let mut at = from;
    while at < letters.len() {
        match letters[at] {
            '\\' => at += 2,
            letter if letter == quote => return at + 1,
            _ => at += 1,
        }
    }
    letters.len()
}

/// A character literal; a lifetime is none.
fn character(letters: &[char], at: usize) -> Option<usize> {
    match (letters.get(at + 1), letters.get(at + 2)) {
        (Some('\\'), _) => Some(quoted(letters, at + 1, '\'')),
        (Some(_), Some('\'')) => Some(at + 3),
        _ => None,
    }
}

fn raw_string(letters: &[char], at: usize) -> Option<usize> {
    let hashes = letters[at + 1..]
        .iter()
        .take_while(|letter| **letter == '#')
        .count();
    let open = at + 1 + hashes;
    if letters.get(open) != Some(&'"') {
        return None;
    }
    let end = find(letters, open + 1, |rest| {
        rest[0] == '"'
            && rest.len() > hashes
            && rest[1..=hashes].iter().all(|letter| *letter == '#')
    });
    Some((end + 1 + hashes).min(letters.len()))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn comments_and_literals_are_blank_and_lines_stay() {
        let text =
            "let a = \"std::time\"; // std::net\n/* tokio /* nested */ async */ let b = 1;\n";
        let code = blank(text);
        assert_eq!(code.lines().count(), 2);
        for gone in ["std::time", "std::net", "tokio", "async"] {
            assert!(!code.contains(gone), "{gone} in {code}");
        }
        assert!(code.contains("let a =") && code.contains("let b = 1;"));
    }

    #[test]
    fn raw_strings_characters_and_lifetimes_are_told_apart() {
        let text = "fn f<'a>(x: &'a str) { r#\"a \" Mutex\"#; '\"'; b'\\''; br\"RwLock\"; for_r(\"x\") } HashMap";
        let code = blank(text);
        assert!(code.contains("fn f<'a>(x: &'a str)"), "{code}");
        assert!(
            !code.contains("Mutex") && !code.contains("RwLock"),
            "{code}"
        );
        assert!(
            code.contains("for_r(") && code.ends_with("HashMap"),
            "{code}"
        );
    }

    #[test]
    fn a_token_is_found_as_a_whole_word_only() {
        assert!(names("let x = person(&tuples);", "person("));
        assert!(!names("let x = for_person(&tuples);", "person("));
        assert!(!names("asynchronous", "async"));
        assert!(names("Instant::now()", "Instant::now"));
        assert!(names("use wire::Frame", "wire::"));
        assert!(!names("use rewire::Frame", "wire::"));
    }
}
