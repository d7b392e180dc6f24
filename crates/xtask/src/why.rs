//! What is inside a module: bytes of code by crate and the largest functions, read from the names the linker left.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::Result;
use wasmparser::{KnownCustom, Name, Parser, Payload};

const CRATES_SHOWN: usize = 25;
const FUNCTIONS_SHOWN: usize = 40;

/// Code and data of a module, as far as names tell.
#[derive(Default)]
struct Inside {
    imports: u32,
    /// Bytes of each function's body, in the module's order, imports not counted.
    bodies: Vec<usize>,
    names: BTreeMap<u32, String>,
    data: usize,
}

pub fn explain(module: &[u8]) -> Result<String> {
    let inside = read(module)?;
    let mut crates: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut functions = Vec::new();
    for (index, bytes) in (inside.imports..).zip(&inside.bodies) {
        let name = inside.names.get(&index).map_or("(no name)", String::as_str);
        let entry = crates.entry(crate_of(name).to_owned()).or_default();
        entry.0 += bytes;
        entry.1 += 1;
        functions.push((*bytes, name));
    }
    let mut crates: Vec<_> = crates.into_iter().collect();
    crates.sort_by_key(|(_, (bytes, _))| std::cmp::Reverse(*bytes));
    functions.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));

    let code: usize = inside.bodies.iter().sum();
    let mut text = format!(
        "before glue and compression: {code} bytes of code in {} functions, {} bytes of data\n\n    code  functions  crate\n",
        inside.bodies.len(),
        inside.data
    );
    for (name, (bytes, count)) in crates.iter().take(CRATES_SHOWN) {
        writeln!(text, "{bytes:8}  {count:9}  {name}")?;
    }
    text.push_str("\n    code  function\n");
    for (bytes, name) in functions.iter().take(FUNCTIONS_SHOWN) {
        writeln!(text, "{bytes:8}  {name}")?;
    }
    text.push('\n');
    Ok(text)
}

/// Whether functions have names, so that a search for a name means something.
pub fn has_names(module: &[u8]) -> Result<bool> {
    Ok(!read(module)?.names.is_empty())
}

fn read(module: &[u8]) -> Result<Inside> {
    let mut inside = Inside::default();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let is_function = matches!(import?.ty, wasmparser::TypeRef::Func(_));
                    inside.imports += u32::from(is_function);
                }
            }
            Payload::CodeSectionEntry(body) => inside.bodies.push(body.range().len()),
            Payload::DataSection(section) => inside.data = section.range().len(),
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    for name in names {
                        if let Name::Function(functions) = name? {
                            for function in functions {
                                let function = function?;
                                let plain = rustc_demangle::demangle(function.name);
                                inside.names.insert(function.index, format!("{plain:#}"));
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }
    Ok(inside)
}

/// The crate in which a function was written: `<yew::html::Html as core::fmt::Debug>::fmt` is yew's.
fn crate_of(name: &str) -> &str {
    let inner = name.trim_start_matches(['<', '&', '(', '[', '*']);
    let inner = inner.strip_prefix("mut ").unwrap_or(inner);
    let inner = inner.strip_prefix("dyn ").unwrap_or(inner);
    inner.split("::").next().unwrap_or(inner)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_function_belongs_to_the_crate_of_its_first_path() {
        assert_eq!(crate_of("yew::app_handle::AppHandle<T>::mount"), "yew");
        assert_eq!(crate_of("<yew::Html as core::fmt::Debug>::fmt"), "yew");
        assert_eq!(
            crate_of("<&mut lamplight_core::Agent as core::ops::Drop>::drop"),
            "lamplight_core"
        );
        assert_eq!(crate_of("__wbindgen_malloc"), "__wbindgen_malloc");
    }

    #[test]
    fn names_and_bodies_are_matched_behind_the_imports() {
        // (module (import "a" "b" (func)) (func nop nop) with the names 0 "outside", 1 "yew::f")
        let module = b"\0asm\x01\0\0\0\
            \x01\x04\x01\x60\0\0\
            \x02\x07\x01\x01a\x01b\0\0\
            \x03\x02\x01\0\
            \x0a\x06\x01\x04\0\x01\x01\x0b\
            \0\x19\x04name\x01\x12\x02\0\x07outside\x01\x06yew::f";
        // The sizes above are part of the fixture: a wrong one makes the reader fail, not the test pass.
        let inside = read(module).unwrap();
        assert_eq!(inside.imports, 1);
        assert_eq!(inside.bodies, [4]);
        assert_eq!(inside.names[&1], "yew::f");
        assert!(explain(module).unwrap().contains("4          1  yew\n"));
    }
}
