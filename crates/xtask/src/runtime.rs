//! What scripts of other sites drive: the module of `crates/runtime`, and one script that is its glue and its words in one.
//!
//! The script names the module that lies beside it, and its hash: whoever holds the script to a hash holds both.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha384};

use crate::bindgen::{self, Bound};
use crate::split;
use crate::wasm::{self, Part};
use crate::workspace::Workspace;

const PACKAGE: &str = "lamplight-runtime";
/// As the script imports the glue.
const GLUE: &str = "import init, { Machine } from \"./machine.js\";";
/// Where the script wants the module's hash.
const INTEGRITY: &str = "{{integrity}}";

/// Script and module, ready to be served side by side as `runtime.js` and `runtime.wasm`.
pub struct Runtime {
    pub script: Vec<u8>,
    pub module: Vec<u8>,
}

/// The module as the linker leaves it.
pub fn link(workspace: &Workspace, profile: &str) -> Result<PathBuf> {
    wasm::build(workspace, PACKAGE, Part::Script, profile)
}

pub fn assemble(workspace: &Workspace, linked: &std::path::Path, release: bool) -> Result<Runtime> {
    let whole = split::split(workspace, linked, release)?;
    anyhow::ensure!(whole.parts.is_empty(), "a runtime has one module");
    let bound = bindgen::bind(workspace, &whole.main, release)?;
    let source = workspace.root.join("crates/runtime/js/runtime.js");
    let source =
        fs::read_to_string(&source).with_context(|| format!("cannot read {}", source.display()))?;
    let script = join(&source, &bound)?;
    let script = match release {
        true => bindgen::minify(&script)?,
        false => script,
    };
    Ok(Runtime {
        script: script.into_bytes(),
        module: bound.wasm,
    })
}

/// The script with the glue inside and the module's hash in its place.
fn join(source: &str, bound: &Bound) -> Result<String> {
    anyhow::ensure!(
        bound.snippets.is_empty(),
        "the runtime's module brings scripts of its own along"
    );
    let mut glue = String::new();
    let mut exported = "";
    for line in bound.glue.lines() {
        if let Some(names) = line.strip_prefix("export { ") {
            exported = names;
            continue;
        }
        glue.push_str(line.strip_prefix("export ").unwrap_or(line));
        glue.push('\n');
    }
    let init = exported
        .split([',', '}'])
        .find_map(|name| name.trim().strip_suffix(" as default"))
        .context("the glue has no default export")?;
    let glue = format!("{glue}const init = {init};\n");
    anyhow::ensure!(
        source.contains(GLUE) && source.contains(INTEGRITY),
        "runtime.js names glue or hash in another way than it did"
    );
    let integrity = format!("sha384-{}", STANDARD.encode(Sha384::digest(&bound.wasm)));
    Ok(source.replace(GLUE, &glue).replace(INTEGRITY, &integrity))
}

#[cfg(test)]
mod test {
    use std::collections::BTreeMap;

    use super::*;

    fn bound(glue: &str) -> Bound {
        Bound {
            wasm: b"\0asm".to_vec(),
            glue: glue.into(),
            snippets: BTreeMap::new(),
        }
    }

    #[test]
    fn the_glue_is_a_part_of_the_script_and_exports_nothing() {
        let source = format!("{GLUE}\nexport const a = [init, Machine, \"{INTEGRITY}\"];\n");
        let glue = "export class Machine {}\nfunction start() {}\nexport { initSync, start as default };\n";
        let joined = join(&source, &bound(glue)).unwrap();
        assert!(joined.contains("\nclass Machine {}") || joined.starts_with("class Machine {}"));
        assert!(joined.contains("const init = start;"), "{joined}");
        assert!(joined.contains("\"sha384-"), "{joined}");
        assert_eq!(joined.matches("export").count(), 1, "{joined}");
        assert!(join(&source, &bound("class Machine {}")).is_err());
        assert!(join("export {}", &bound(glue)).is_err());
    }
}
