//! Each file opens with what it is for, in a reader's words.

use std::path::Path;

use anyhow::Result;

use super::Complaints;
use crate::source::{self, Source};

pub fn check(root: &Path) -> Result<Complaints> {
    let mut complaints = Complaints::new();
    for folder in ["crates", "tests", "www"] {
        let files = source::files(root, folder, &["rs", "js", "mjs", "css", "sh"])?;
        let silent = files.iter().filter(|file| !is_opened(file));
        complaints
            .extend(silent.map(|file| format!("{}: does not open with what it is for", file.path)));
    }
    Ok(complaints)
}

fn is_opened(file: &Source) -> bool {
    let mut lines = file.text.lines().filter(|line| !line.starts_with("#!/"));
    let first = lines
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let opening = match file.path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("rs") => first.strip_prefix("//!"),
        Some("css") => first.strip_prefix("/*"),
        Some("sh") => first.strip_prefix('#'),
        _ => first
            .strip_prefix("//")
            .or_else(|| first.strip_prefix("/*")),
    };
    opening.is_some_and(|words| words.trim().len() > 1)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_file_without_an_opening_is_noticed() {
        for (path, text) in [
            ("a.rs", "use std::fmt;\n//! late\n"),
            ("a.rs", ""),
            ("a.rs", "//!\n"),
            ("a.rs", "// not a doc\n"),
            ("a.css", "p {}\n"),
            ("a.sh", "#!/bin/sh\nset -e\n"),
        ] {
            assert!(!is_opened(&Source::new(path, text)), "{path}: {text}");
        }
        for (path, text) in [
            ("a.rs", "//! The machine.\n"),
            ("a.css", "/* What is seen first. */\n"),
            ("a.sh", "#!/bin/sh\n# Starts it.\n"),
            ("a.mjs", "// Runs the module.\n"),
        ] {
            assert!(is_opened(&Source::new(path, text)), "{path}: {text}");
        }
    }
}
