//! What the page loads when it is first opened, taken out of the module that the linker left: `wasm_split_cli_support` as a library
//! finds what only the split points of `crates/web` reach, and moves it into modules of its own that share memory and table.
//!
//! The script that loads them becomes a part of the glue: two files that name each other could not both carry their hash.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasm_split_cli_support::Options;

use crate::workspace::Workspace;
use crate::{pack, snip};

/// How the glue names the script that loads the parts.
const LINK: &str = "./__wasm_split.js";

/// The module in pieces.
pub struct Split {
    /// What is loaded first; not bound yet.
    pub main: PathBuf,
    /// What is loaded when it is opened, by the name under which `link` fetches it.
    pub parts: Vec<(String, Vec<u8>)>,
    /// The script that fetches the parts.
    pub link: String,
}

/// What nothing reaches is left behind, also where nothing is to be loaded later.
pub fn split(workspace: &Workspace, module: &Path, release: bool) -> Result<Split> {
    let name = module.file_stem().context("a module has a name")?;
    let folder = workspace.target.join("page").join("split").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let mut bytes = fs::read(module)?;
    if release {
        bytes = snip::snip(&bytes)?;
    }
    let main = folder.join("main.wasm");
    let mut options = Options::new(&bytes);
    options.output_dir = &folder;
    options.main_out_path = &main;
    options.link_name = LINK;
    let done = wasm_split_cli_support::transform(options)
        .map_err(|error| anyhow::anyhow!("{error:?}"))
        .with_context(|| format!("{} cannot be split", module.display()))?;
    let mut parts = Vec::new();
    for path in done.split_modules {
        let name = path.file_name().context("a part has no name")?;
        let part = fs::read(&path)?;
        let part = if release { pack::part(&part)? } else { part };
        parts.push((name.to_string_lossy().into_owned(), part));
    }
    parts.sort();
    Ok(Split {
        main,
        parts,
        link: fs::read_to_string(folder.join(LINK))?,
    })
}

/// The glue with the loader inside. Each part's name in `link` gives way to where it will lie, beside the glue.
pub fn join(glue: &str, link_script: &str, places: &[(String, String)]) -> Result<String> {
    let mut link = String::new();
    let mut exported = Vec::new();
    for line in link_script.lines() {
        // What it would import is defined in the glue.
        if line.starts_with("import ") {
            continue;
        }
        match line.strip_prefix("export const ") {
            Some(rest) => {
                let name = rest.split([' ', '=']).next().unwrap_or_default();
                exported.push(name.to_owned());
                link.push_str("const ");
                link.push_str(rest);
            }
            None => link.push_str(line),
        }
        link.push('\n');
    }
    // The person is told, and may try again: that the line broke is no fault of the program.
    link = link.replace("console.error(", "console.warn(");
    for (name, place) in places {
        let from = format!("\"./{name}\"");
        anyhow::ensure!(link.contains(&from), "the loader does not fetch {name}");
        link = link.replace(&from, &format!("\"{place}\""));
    }
    let import = glue
        .lines()
        .find(|line| line.starts_with("import ") && line.contains(LINK))
        .context("the glue does not import the loader of the parts")?;
    let star = import
        .strip_prefix("import * as ")
        .and_then(|rest| rest.split(' ').next())
        .context("the glue imports the loader in another way than it did")?;
    let object = format!("const {star} = {{ {} }};", exported.join(", "));
    Ok(format!("{}\n{link}{object}\n", glue.replace(import, "")))
}

/// The glue with a script of a crate inside, instead of importing it: what is asked for in one go is there in one go.
pub fn inside(glue: &str, import: &str, script: &str) -> Result<String> {
    let line = glue
        .lines()
        .find(|line| line.starts_with("import ") && line.contains(import))
        .with_context(|| format!("the glue does not import {import}"))?;
    anyhow::ensure!(
        line.starts_with("import {") && !line.contains(" as "),
        "the glue imports {import} under other names"
    );
    let script: String = script
        .lines()
        .map(|line| [line.strip_prefix("export ").unwrap_or(line), "\n"].concat())
        .collect();
    Ok(glue.replace(line, &script))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_loader_is_a_part_of_the_glue_and_fetches_what_has_a_hash() {
        let link = "import { initSync } from \"./main.js\";\n\nlet shared;\n\
                    export const __wasm_split_load_more = load(() => new URL(\"./split_more.wasm\", import.meta.url));\n";
        let places = [("split_more.wasm".to_owned(), "./more-0a.wasm".to_owned())];
        let glue =
            "import * as import1 from \"./__wasm_split.js\"\nuse(import1);\nexport { initSync };\n";
        let joined = join(glue, link, &places).unwrap();
        assert!(
            !joined.contains("import * as") && !joined.contains("import {"),
            "{joined}"
        );
        assert!(
            joined.contains("\"./more-0a.wasm\"") && !joined.contains("split_more.wasm"),
            "{joined}"
        );
        assert!(
            joined.contains("const import1 = { __wasm_split_load_more };"),
            "{joined}"
        );
        assert!(
            joined.contains("\nconst __wasm_split_load_more = load"),
            "{joined}"
        );
        assert!(join("use(nothing)", link, &places).is_err());
        assert!(join(glue, "", &places).is_err());
    }
}
