//! From a raw module to what a browser loads: the glue by wasm-bindgen as a library, wasm-opt and a minifier where they help.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use oxc_allocator::Allocator;
use oxc_codegen::{Codegen, CodegenOptions};
use oxc_minifier::{Minifier, MinifierOptions};
use oxc_parser::Parser;
use oxc_span::SourceType;
use wasm_bindgen_cli_support::Bindgen;

use crate::pack;
use crate::shell;
use crate::workspace::Workspace;

/// One module with its glue, as bytes; nothing of it has its final name yet.
pub struct Bound {
    pub wasm: Vec<u8>,
    pub glue: String,
    /// JavaScript that crates bring along, by the path under which the glue imports it.
    pub snippets: BTreeMap<String, String>,
}

/// Makes the glue. In a release the names of functions go: they are 30 % of the module and only help who debugs it.
pub fn bind(workspace: &Workspace, module: &Path, release: bool) -> Result<Bound> {
    let folder = workspace.target.join("page").join("bindgen");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    Bindgen::new()
        .input_path(module)
        .out_name("page")
        .web(true)?
        .typescript(false)
        // boot.js passes the address of the module, so the glue need not know its hashed name.
        .omit_default_module_path(true)
        // The parts that are loaded later find memory and table by these.
        .keep_lld_exports(true)
        .remove_name_section(release)
        .remove_producers_section(true)
        .generate(&folder)
        .with_context(|| {
            let module = module.display();
            format!(
                "wasm-bindgen cannot read {module}; in Cargo.lock `wasm-bindgen` and \
                 `wasm-bindgen-cli-support` must be of one version"
            )
        })?;

    let wasm_path = folder.join("page_bg.wasm");
    if release {
        optimise(workspace, &wasm_path)?;
    }
    let mut wasm = fs::read(&wasm_path)?;
    let mut glue = fs::read_to_string(folder.join("page.js"))?;
    if release {
        (wasm, glue) = pack::pack(&wasm, &glue)?;
    }
    Ok(Bound {
        wasm,
        glue,
        snippets: snippets(&folder.join("snippets"))?,
    })
}

/// Takes remarks and spaces out of a module of JavaScript and gives what stays inside of it short names. What it exports and what
/// its objects call their parts is named as before.
pub fn minify(script: &str) -> Result<String> {
    let arena = Allocator::default();
    let read = Parser::new(&arena, script, SourceType::mjs()).parse();
    if let Some(fault) = read.diagnostics.first() {
        anyhow::bail!("a script of the page cannot be read: {fault}");
    }
    let mut program = read.program;
    let small = Minifier::new(MinifierOptions::default()).minify(&arena, &mut program);
    let writer = Codegen::new()
        .with_options(CodegenOptions::minify())
        .with_scoping(small.scoping);
    Ok(writer.build(&program).code)
}

/// One percent after compression, so worth a try and never worth a demand.
fn optimise(workspace: &Workspace, wasm: &Path) -> Result<()> {
    let Some(program) = find_wasm_opt(workspace) else {
        return Ok(());
    };
    let smaller = wasm.with_extension("opt.wasm");
    // Without --enable flags: the module says in its target_features section what it uses.
    let run = shell::ask(
        Command::new(&program)
            .arg("-Oz")
            .arg(wasm)
            .arg("-o")
            .arg(&smaller),
    );
    match run {
        Ok(_) => fs::rename(&smaller, wasm)?,
        Err(_) => shell::note(&format!(
            "{} does not understand this module; the page is built without it",
            program.display()
        )),
    }
    Ok(())
}

fn find_wasm_opt(workspace: &Workspace) -> Option<PathBuf> {
    let in_tools = workspace.target.join("tools/node_modules/.bin/wasm-opt");
    let in_root = workspace.root.join("node_modules/.bin/wasm-opt");
    [in_tools, in_root]
        .into_iter()
        .find(|path| path.is_file())
        .or_else(|| shell::on_path("wasm-opt"))
}

fn snippets(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        if !next.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let inside = path.strip_prefix(folder)?.to_string_lossy();
                let import = format!("./snippets/{}", inside.replace('\\', "/"));
                found.insert(import, fs::read_to_string(&path)?);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod test {
    use super::minify;

    #[test]
    fn minifying_takes_remarks_and_leaves_what_is_said_and_what_is_seen_outside() {
        let script = "// a remark\nimport { a } from './a.js';\n/* more */\n\
                      export function speak(whom) {\n    return `1 // ${whom} /* 2 */` + \"a  b\" + a;\n}\n\
                      class Kept { part = /[/]\\/+/g; }\nexport default Kept;\n";
        let small = minify(script).unwrap();
        assert!(
            !small.contains("remark") && !small.contains("more") && !small.contains("whom"),
            "{small}"
        );
        for kept in [
            "1 // ${",
            "} /* 2 */",
            "a  b",
            "/[/]\\/+/g",
            "part",
            "export function speak",
            "export default",
            "./a.js",
        ] {
            assert!(small.contains(kept), "{kept} is gone: {small}");
        }
        assert!(small.len() < script.len());
    }

    #[test]
    fn what_is_no_script_is_an_error() {
        assert!(minify("export const = 1").is_err());
    }
}
