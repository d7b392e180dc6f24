//! Short names for what the module and its glue call each other by.
//!
//! The generator names an import like `__wbg_setAttribute_f75317b2b5cabfb4`. Nobody but the other side reads that name, and its
//! sixteen digits are of the kind that no compression makes smaller, twice for each of some 250 functions.

use std::collections::HashMap;
use std::ops::Range;

use anyhow::{Context, Result};
use wasmparser::{Parser, Payload};

/// What the generator's own names begin with; other names are somebody's choice and stay.
const GENERATED: [&str; 2] = ["__wb", "wasm_bindgen__"];

/// Gives both sides the same short names.
pub fn shorten(module: &[u8], glue: &str) -> Result<(Vec<u8>, String)> {
    let mut names = Names::default();
    let mut short = Vec::with_capacity(module.len());
    let mut copied = 0;
    for payload in Parser::new(0).parse_all(module) {
        let (range, fields) = match payload? {
            Payload::ImportSection(section) => {
                let range = section.range();
                let mut fields = Vec::new();
                for import in section.into_imports() {
                    fields.push(import?.name);
                }
                (range, fields)
            }
            Payload::ExportSection(section) => {
                let range = section.range();
                let mut fields = Vec::new();
                for export in section {
                    fields.push(export?.name);
                }
                (range, fields)
            }
            _ => continue,
        };
        let content = names.renamed(module, range.clone(), &fields)?;
        let head = head_of(module, &range).context("a section without its length")?;
        short.extend_from_slice(&module[copied..head]);
        short.extend_from_slice(&length(content.len()));
        short.extend_from_slice(&content);
        copied = range.end;
    }
    short.extend_from_slice(&module[copied..]);
    Ok((short, names.fill(glue)))
}

#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    fn short(&mut self, name: &str) -> String {
        if !GENERATED.iter().any(|begin| name.starts_with(begin)) {
            return name.to_owned();
        }
        let next = format!("${}", self.0.len());
        self.0.entry(name.to_owned()).or_insert(next).clone()
    }

    /// A section's content with other names in the places of `fields`, which point into the module.
    fn renamed(&mut self, module: &[u8], range: Range<usize>, fields: &[&str]) -> Result<Vec<u8>> {
        let mut content = Vec::new();
        let mut copied = range.start;
        for field in fields {
            let start = field.as_ptr() as usize - module.as_ptr() as usize;
            let named = start - length(field.len()).len();
            anyhow::ensure!(copied <= named, "names of a section are not in their order");
            let name = self.short(field);
            content.extend_from_slice(&module[copied..named]);
            content.extend_from_slice(&length(name.len()));
            content.extend_from_slice(name.as_bytes());
            copied = start + field.len();
        }
        content.extend_from_slice(&module[copied..range.end]);
        Ok(content)
    }

    /// The script with every whole word that has a short name replaced by it.
    fn fill(&self, script: &str) -> String {
        let in_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
        let mut filled = String::with_capacity(script.len());
        let mut rest = script;
        while let Some(start) = rest.find(in_word) {
            let (before, behind) = rest.split_at(start);
            let end = behind.find(|c| !in_word(c)).unwrap_or(behind.len());
            let (word, after) = behind.split_at(end);
            filled.push_str(before);
            filled.push_str(self.0.get(word).map_or(word, String::as_str));
            rest = after;
        }
        filled.push_str(rest);
        filled
    }
}

/// Where the length before a section's content begins: the one place whose number, read from there, ends at the content and
/// says its length. The generator may have padded it.
fn head_of(module: &[u8], range: &Range<usize>) -> Option<usize> {
    (1..=5)
        .filter_map(|bytes| range.start.checked_sub(bytes))
        .find(|start| {
            let number = &module[*start..range.start];
            let (last, others) = number.split_last().unwrap_or((&0, &[]));
            let ends = last & 0x80 == 0 && others.iter().all(|byte| byte & 0x80 != 0);
            let value = number
                .iter()
                .rev()
                .fold(0_usize, |value, byte| value << 7 | usize::from(byte & 0x7f));
            ends && value == range.len()
        })
}

/// An unsigned number as WebAssembly writes it.
fn length(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn both_sides_get_the_same_short_name_and_chosen_names_stay() {
        // (module (import "m" "__wbg_a_0123" (func)) (export "main" (func 0)) (export "__wbindgen_b" (func 0)))
        let module = b"\0asm\x01\0\0\0\
            \x01\x04\x01\x60\0\0\
            \x02\x12\x01\x01m\x0c__wbg_a_0123\0\0\
            \x07\x17\x02\x04main\0\0\x0c__wbindgen_b\0\0";
        let glue = "const i={__wbg_a_0123:function(){}};wasm.main();wasm.__wbindgen_b(__wbg_a)";
        let (short, glue) = shorten(module, glue).unwrap();
        assert_eq!(
            short,
            b"\0asm\x01\0\0\0\
            \x01\x04\x01\x60\0\0\
            \x02\x08\x01\x01m\x02$0\0\0\
            \x07\x0d\x02\x04main\0\0\x02$1\0\0"
        );
        assert_eq!(
            glue,
            "const i={$0:function(){}};wasm.main();wasm.$1(__wbg_a)"
        );
    }

    #[test]
    fn lengths_are_written_as_the_format_says() {
        assert_eq!(length(5), [5]);
        assert_eq!(length(300), [0xac, 2]);
        let module = [0, 0x82, 0, 7, 7];
        assert_eq!(head_of(&module, &(3..5)), Some(1));
    }
}
