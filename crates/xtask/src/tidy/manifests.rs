//! Every version of every dependency stands in the root manifest; members only say that they use it.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::Complaints;

pub fn check(root: &Path) -> Result<Complaints> {
    let mut manifests = vec![root.join("tests/Cargo.toml")];
    for folder in ["crates", "tests"] {
        for entry in fs::read_dir(root.join(folder))? {
            manifests.push(entry?.path().join("Cargo.toml"));
        }
    }
    manifests.sort();
    let mut complaints = Complaints::new();
    for manifest in manifests.iter().filter(|manifest| manifest.is_file()) {
        let name = manifest
            .strip_prefix(root)?
            .to_string_lossy()
            .replace('\\', "/");
        let text = fs::read_to_string(manifest)?;
        complaints.extend(
            versions(&text)
                .map(|line| format!("{name}:{line}: a dependency without `workspace = true`")),
        );
    }
    Ok(complaints)
}

/// The numbers of lines that bring in a dependency in any way but by the workspace.
fn versions(manifest: &str) -> impl Iterator<Item = usize> {
    let mut section = Section::Other;
    let mut lines = Vec::new();
    for (number, line) in manifest.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.starts_with('[') {
            section = Section::of(line);
            continue;
        }
        let tight = line.replace(' ', "");
        let wrong = match section {
            Section::Other => false,
            Section::Many => {
                let names_a_dependency =
                    line.split(['=', '.']).next().is_some_and(is_name) && line.contains('=');
                names_a_dependency && !tight.contains("workspace=true")
            }
            Section::One => ["version=", "git=", "path="]
                .iter()
                .any(|key| tight.starts_with(key)),
        };
        if wrong {
            lines.push(number + 1);
        }
    }
    lines.into_iter()
}

fn is_name(text: &str) -> bool {
    let text = text.trim().trim_matches('"');
    !text.is_empty()
        && text
            .chars()
            .all(|letter| letter.is_alphanumeric() || letter == '-' || letter == '_')
}

/// Which kind of table a line stands in.
#[derive(Clone, Copy)]
enum Section {
    /// `[dependencies]`, `[target.x.dev-dependencies]`: one dependency per line.
    Many,
    /// `[dependencies.serde]`: the fields of one dependency.
    One,
    Other,
}

impl Section {
    fn of(header: &str) -> Self {
        let inside = header.trim_matches(['[', ']']);
        if inside.ends_with("dependencies") {
            Section::Many
        } else if inside.contains("dependencies.") {
            Section::One
        } else {
            Section::Other
        }
    }
}

#[cfg(test)]
mod test {
    use super::versions;

    #[test]
    fn a_version_a_path_or_a_git_address_in_a_member_is_noticed() {
        for line in [
            "serde = \"1\"",
            "serde = { version = \"1\", features = [\"derive\"] }",
            "lamplight-core = { path = \"../core\" }",
            "x = { git = \"https://example.org/x\" }",
        ] {
            let manifest = format!("[package]\nversion = \"1\"\n[dev-dependencies]\n{line}\n");
            assert_eq!(versions(&manifest).collect::<Vec<_>>(), [4], "{line}");
        }
        let table = "[target.'cfg(unix)'.dependencies.serde]\nversion = \"1\"\n";
        assert_eq!(versions(table).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn the_workspace_is_the_way() {
        let manifest = "[dependencies]\nserde.workspace = true\n# a = \"1\"\n\
                        yew = { workspace = true, features = [\n  \"csr\",\n] }\n[features]\na = [\"b\"]\n";
        assert_eq!(versions(manifest).count(), 0);
    }
}
