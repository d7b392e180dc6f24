//! Makes a module smaller on the line without changing anything it does.
//!
//! *Names.* The generator calls an import `__wbg_setAttribute_f75317b2b5cabfb4`. Nobody but the glue reads that, and its sixteen
//! digits are of the kind that no compression makes smaller, twice for each of some 250 functions.
//!
//! *Order.* Functions that begin alike stand together: what was written a moment ago is the cheapest to repeat. That takes 3 %.

use std::collections::HashMap;

use anyhow::{Context, Result};
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CodeSection, ExportSection, FunctionSection, ImportSection, Module};
use wasmparser::{
    CodeSectionReader, CustomSectionReader, Export, FunctionSectionReader, ImportSectionReader,
    Parser, Payload,
};

/// What the generator's own names begin with; other names are somebody's choice and stay.
const GENERATED: [&str; 2] = ["__wb", "wasm_bindgen__"];

/// What the generator's own functions and variables are called in the glue, each dozens of times.
const HELPERS: [&str; 20] = [
    "addToExternrefTable0",
    "cachedDataViewMemory0",
    "cachedTextDecoder",
    "cachedTextEncoder",
    "cachedUint8ArrayMemory0",
    "decodeText",
    "getArrayJsValueFromWasm0",
    "getArrayU8FromWasm0",
    "getDataViewMemory0",
    "getStringFromWasm0",
    "getUint8ArrayMemory0",
    "handleError",
    "isLikeNone",
    "makeClosure",
    "makeMutClosure",
    "passArrayJsValueToWasm0",
    "passStringToWasm0",
    "takeFromExternrefTable0",
    "WASM_VECTOR_LEN",
    "wasmInstance",
];

/// The packed module, and the glue that goes with it.
pub fn pack(module: &[u8], glue: &str) -> Result<(Vec<u8>, String)> {
    let (packed, mut names) = written_again(module)?;
    for (at, helper) in HELPERS.into_iter().enumerate() {
        names.0.insert(helper.to_owned(), format!("_{at}"));
    }
    Ok((packed, names.fill(glue)))
}

/// A part of a module, packed: what it shares with the others keeps its name, and sections for debuggers go.
pub fn part(module: &[u8]) -> Result<Vec<u8>> {
    Ok(written_again(module)?.0)
}

fn written_again(module: &[u8]) -> Result<(Vec<u8>, Names)> {
    let mut packer = Packer {
        names: Names::default(),
        order: Order::of(module)?,
    };
    let mut packed = Module::new();
    packer
        .parse_core_module(&mut packed, Parser::new(0), module)
        .context("the module cannot be written again")?;
    Ok((packed.finish(), packer.names))
}

/// Writes a module again, with other names and in another order.
struct Packer {
    names: Names,
    order: Order,
}

type Done = std::result::Result<(), reencode::Error>;

impl Reencode for Packer {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> std::result::Result<u32, reencode::Error> {
        Ok(self.order.place(function))
    }

    fn parse_custom_section(
        &mut self,
        module: &mut Module,
        section: CustomSectionReader<'_>,
    ) -> Done {
        match section.name() {
            "name" | "producers" | "target_features" => Ok(()),
            _ => reencode::utils::parse_custom_section(self, module, section),
        }
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Done {
        for import in section.into_imports() {
            let import = import?;
            let name = self.names.short(import.name);
            imports.import(import.module, &name, self.entity_type(import.ty)?);
        }
        Ok(())
    }

    fn parse_export(&mut self, exports: &mut ExportSection, export: Export<'_>) -> Done {
        let name = self.names.short(export.name);
        let export = Export {
            name: &name,
            ..export
        };
        reencode::utils::parse_export(self, exports, export)
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Done {
        let types: Vec<u32> = section.into_iter().collect::<wasmparser::Result<_>>()?;
        for at in &self.order.bodies {
            functions.function(types[*at]);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Done {
        let mut bodies = section
            .into_iter()
            .map(|body| body.map(Some))
            .collect::<wasmparser::Result<Vec<_>>>()?;
        for at in self.order.bodies.clone() {
            if let Some(body) = bodies[at].take() {
                self.parse_function_body(code, body)?;
            }
        }
        Ok(())
    }
}

/// Where functions come to stand.
struct Order {
    /// Imported functions come first and stay.
    imports: usize,
    /// The bodies as they were numbered, in their new order.
    bodies: Vec<usize>,
    /// The new place of each body.
    places: Vec<u32>,
}

impl Order {
    fn of(module: &[u8]) -> Result<Self> {
        let mut imports = 0;
        let mut bytes = Vec::new();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let is_function = matches!(import?.ty, wasmparser::TypeRef::Func(_));
                        imports += usize::from(is_function);
                    }
                }
                Payload::CodeSectionEntry(body) => bytes.push(body.as_bytes()),
                _ => {}
            }
        }
        let mut bodies: Vec<usize> = (0..bytes.len()).collect();
        bodies.sort_by_key(|at| bytes[*at]);
        let mut places = vec![0; bodies.len()];
        for (place, at) in bodies.iter().enumerate() {
            places[*at] = u32::try_from(imports + place)?;
        }
        Ok(Self {
            imports,
            bodies,
            places,
        })
    }

    fn place(&self, function: u32) -> u32 {
        match (function as usize).checked_sub(self.imports) {
            Some(body) => self.places[body],
            None => function,
        }
    }
}

/// The short names that were given.
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
        let (packed, glue) = pack(module, glue).unwrap();
        assert_eq!(
            packed,
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
    fn functions_change_places_and_are_called_where_they_stand_then() {
        // (module (import "m" "a" (func)) (func call 2) (func nop) (export "b" (func 1)) (export "c" (func 2)))
        let module = b"\0asm\x01\0\0\0\
            \x01\x04\x01\x60\0\0\
            \x02\x07\x01\x01m\x01a\0\0\
            \x03\x03\x02\0\0\
            \x07\x09\x02\x01b\0\x01\x01c\0\x02\
            \x0a\x0a\x02\x04\0\x10\x02\x0b\x03\0\x01\x0b";
        let (packed, _) = pack(module, "").unwrap();
        assert_eq!(
            packed,
            b"\0asm\x01\0\0\0\
            \x01\x04\x01\x60\0\0\
            \x02\x07\x01\x01m\x01a\0\0\
            \x03\x03\x02\0\0\
            \x07\x09\x02\x01b\0\x02\x01c\0\x01\
            \x0a\x0a\x02\x03\0\x01\x0b\x04\0\x10\x01\x0b"
        );
    }
}
