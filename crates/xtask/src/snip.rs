//! Takes what only a panic needs out of the linked module of a release.
//!
//! Whatever goes wrong inside ends the program either way; but to say why, the library brings along its machinery of formatting, and
//! every place that may panic the name of its source file, its line and its words. Here each such place becomes a plain
//! `unreachable`: the browser stops the program there and names the function in its console. What is not reached any more then
//! is left behind by [`crate::split`], which knows who refers to whom. Builds for development keep everything.
//!
//! Nothing moves: bytes are overwritten where they stand, so what the linker wrote down of places in the code stays true. Only what
//! it wrote of overwritten places is taken out.

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::Result;
use wasm_encoder::{CustomSection, Encode, Module, RawSection};
use wasmparser::{
    BinaryReader, FunctionBody, KnownCustom, Name, Operator, Parser, Payload, RelocAddendKind,
    RelocSectionReader, TypeRef,
};

const UNREACHABLE: u8 = 0x00;

/// Functions that never come back, by how their names begin: what they do before that is to say why.
const PANICS: [&str; 13] = [
    "core::panicking::",
    "core::option::unwrap_failed",
    "core::option::expect_failed",
    "core::result::unwrap_failed",
    "core::cell::panic_already",
    "core::slice::index::slice_",
    "core::slice::copy_from_slice_impl::len_mismatch_fail",
    "core::str::slice_error_fail",
    "alloc::alloc::handle_alloc_error",
    "alloc::raw_vec::handle_error",
    "alloc::raw_vec::capacity_overflow",
    "std::thread::local::panic_access_error",
    "std::panicking::",
];
/// Among them, those that are asked whether there is a panic, or told what to do in one.
const NO_PANICS: [&str; 2] = ["std::panicking::panic_count", "std::panicking::set_hook"];
/// What is only called in a panic, and comes back.
const IN_PANICS: [&str; 1] = ["console_error_panic_hook::hook"];

/// What a page of ours never comes to in its framework: listeners of the framework's own kind, markup from strings, portals,
/// suspense. Who comes there all the same is stopped.
const UNUSED: [&str; 5] = [
    "yew::dom_bundle::subtree_root::SubtreeData::add_listener",
    "yew::dom_bundle::btag::listeners::ListenerRegistration::register",
    "yew::dom_bundle::braw::",
    "yew::dom_bundle::bportal::",
    "yew::dom_bundle::bsuspense::",
];

/// The module without what it would say.
pub fn snip(module: &[u8]) -> Result<Vec<u8>> {
    let read = Read::of(module)?;
    let mut bytes = module.to_vec();
    let mut gone = Vec::new();
    let mut dead = BTreeSet::new();
    for index in read.named(&PANICS, &NO_PANICS) {
        // Whatever it is called: the compiler writes so behind what does not come back.
        if read
            .body(index)
            .is_some_and(|body| never_returns(body).unwrap_or(false))
        {
            dead.insert(index);
        }
    }
    for index in dead
        .iter()
        .copied()
        .chain(read.named(&IN_PANICS, &[]))
        .chain(read.named(&UNUSED, &[]))
    {
        if let Some(body) = read.body(index) {
            let code = body.get_operators_reader()?.original_position();
            gone.push(code..body.range().end - 1);
        }
    }
    // A function that begins with its end is such a function as well.
    let mut before = 0;
    while before < dead.len() {
        before = dead.len();
        for (index, body) in (read.imports..).zip(&read.bodies) {
            if dead.contains(&index) {
                continue;
            }
            let ends = ends(body, &dead)?;
            let begins = body.get_operators_reader()?.original_position();
            if ends.iter().any(|end| end.start == begins) {
                dead.insert(index);
            }
            gone.extend(ends);
        }
    }
    for range in &gone {
        bytes[range.clone()].fill(UNREACHABLE);
    }
    write(&bytes, &gone)
}

/// Whether the end of a function is never reached.
fn never_returns(body: &FunctionBody<'_>) -> Result<bool> {
    let mut last = [None, None];
    for operator in body.get_operators_reader()? {
        last = [last[1].take(), Some(operator?)];
    }
    Ok(matches!(
        last,
        [Some(Operator::Unreachable), Some(Operator::End)]
    ))
}

/// What stands in straight line before each call that never comes back, with the call. Whatever it stored or computed, nobody
/// comes to see it.
fn ends(body: &FunctionBody<'_>, dead: &BTreeSet<u32>) -> Result<Vec<Range<usize>>> {
    let mut ends = Vec::new();
    let mut operators = body.get_operators_reader()?;
    let mut line = operators.original_position();
    while !operators.eof() {
        let operator = operators.read()?;
        let end = operators.original_position();
        match operator {
            Operator::Call { function_index } if dead.contains(&function_index) => {
                ends.push(line..end);
                line = end;
            }
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Else
            | Operator::End
            | Operator::Br { .. }
            | Operator::BrIf { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::Unreachable
            | Operator::Call { .. }
            | Operator::CallIndirect { .. } => line = end,
            _ => {}
        }
    }
    Ok(ends)
}

struct Read<'a> {
    /// How many functions are imported: they are numbered first.
    imports: u32,
    bodies: Vec<FunctionBody<'a>>,
    names: Vec<(u32, String)>,
}

impl<'a> Read<'a> {
    fn of(module: &'a [u8]) -> Result<Self> {
        let mut read = Self {
            imports: 0,
            bodies: Vec::new(),
            names: Vec::new(),
        };
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        read.imports += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::CodeSectionEntry(body) => read.bodies.push(body),
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(names) = section.as_known() {
                        for name in names {
                            if let Name::Function(functions) = name? {
                                for naming in functions {
                                    let naming = naming?;
                                    let name = rustc_demangle::demangle(naming.name);
                                    read.names.push((naming.index, format!("{name:#}")));
                                }
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        anyhow::ensure!(!read.names.is_empty(), "the module has no names");
        Ok(read)
    }

    fn named(&self, beginnings: &[&str], but: &[&str]) -> BTreeSet<u32> {
        let begins = |name: &str, with: &[&str]| with.iter().any(|begin| name.starts_with(begin));
        let found = self.names.iter().filter(|(index, name)| {
            let name = name.trim_start_matches('<');
            *index >= self.imports && begins(name, beginnings) && !begins(name, but)
        });
        found.map(|(index, _)| *index).collect()
    }

    fn body(&self, index: u32) -> Option<&FunctionBody<'a>> {
        self.bodies.get((index - self.imports) as usize)
    }
}

/// The module with every section as it is, but without what is said of overwritten places.
fn write(module: &[u8], gone: &[Range<usize>]) -> Result<Vec<u8>> {
    let mut sections = Module::new();
    let mut code_at = 0;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::CodeSectionStart { range, .. } = &payload {
            code_at = range.start;
        }
        if let Payload::CustomSection(section) = &payload
            && section.name() == "reloc.CODE"
        {
            let data = relocations(section.data(), code_at, gone)?;
            sections.section(&CustomSection {
                name: section.name().into(),
                data: data.into(),
            });
        } else if let Some((id, range)) = payload.as_section() {
            sections.section(&RawSection {
                id,
                data: &module[range],
            });
        }
    }
    Ok(sections.finish())
}

/// What the linker wrote of places in the code, without those that were overwritten. Places count from the section's contents.
fn relocations(data: &[u8], code_at: usize, gone: &[Range<usize>]) -> Result<Vec<u8>> {
    let read = RelocSectionReader::new(BinaryReader::new(data, 0))?;
    let target = read.section_index();
    let mut kept = Vec::new();
    let mut count = 0u32;
    for entry in read.entries() {
        let entry = entry?;
        let at = code_at + entry.offset as usize;
        if gone.iter().any(|range| range.contains(&at)) {
            continue;
        }
        count += 1;
        kept.push(entry.ty as u8);
        entry.offset.encode(&mut kept);
        entry.index.encode(&mut kept);
        match entry.ty.addend_kind() {
            RelocAddendKind::None => {}
            RelocAddendKind::Addend32 => i32::try_from(entry.addend)?.encode(&mut kept),
            RelocAddendKind::Addend64 => entry.addend.encode(&mut kept),
        }
    }
    let mut section = Vec::new();
    target.encode(&mut section);
    count.encode(&mut section);
    section.extend(kept);
    Ok(section)
}

#[cfg(test)]
mod test {
    use super::*;
    use wasm_encoder::{
        CodeSection, Function, FunctionSection, Instruction, NameMap, NameSection, TypeSection,
    };

    /// ```text
    /// (module
    ///   (func $core::panicking::panic nop unreachable)
    ///   (func $careful call $core::panicking::is_fine (i32.const 7) drop call $core::panicking::panic unreachable)
    ///   (func $fails call $core::panicking::panic)
    ///   (func $other call $fails)
    ///   (func $core::panicking::is_fine nop))
    /// ```
    /// The linker wrote down of each call where it is.
    fn module() -> Vec<u8> {
        let mut module = Module::new();
        let mut types = TypeSection::new();
        types.ty().function([], []);
        module.section(&types);
        let mut functions = FunctionSection::new();
        let bodies: [&[Instruction<'_>]; 5] = [
            &[Instruction::Nop, Instruction::Unreachable],
            &[
                Instruction::Call(4),
                Instruction::I32Const(7),
                Instruction::Drop,
                Instruction::Call(0),
                Instruction::Unreachable,
            ],
            &[Instruction::Call(0)],
            &[Instruction::Call(2)],
            &[Instruction::Nop],
        ];
        let mut code = CodeSection::new();
        for instructions in bodies {
            functions.function(0);
            let mut function = Function::new([]);
            for instruction in instructions {
                function.instruction(instruction);
            }
            function.instruction(&Instruction::End);
            code.function(&function);
        }
        module.section(&functions);
        module.section(&code);
        let mut names = NameMap::new();
        for (index, name) in [
            "core::panicking::panic",
            "careful",
            "fails",
            "other",
            "fine",
        ]
        .into_iter()
        .enumerate()
        {
            names.append(index as u32, name);
        }
        let mut section = NameSection::new();
        section.functions(&names);
        module.section(&section);
        // R_WASM_FUNCTION_INDEX_LEB at the two calls of `careful`; the section's contents begin with how many bodies there are.
        let places = [8_u8, 13];
        let mut data = vec![3, places.len() as u8];
        for place in places {
            data.extend([0, place, 0]);
        }
        module.section(&CustomSection {
            name: "reloc.CODE".into(),
            data: data.into(),
        });
        module.finish()
    }

    fn operators(module: &[u8]) -> Vec<Vec<String>> {
        let read = Read::of(module).unwrap();
        let say = |body: &FunctionBody<'_>| {
            let operators = body.get_operators_reader().unwrap();
            operators
                .into_iter()
                .map(|operator| format!("{:?}", operator.unwrap()))
                .collect()
        };
        read.bodies.iter().map(say).collect()
    }

    fn relocated(module: &[u8]) -> Vec<u32> {
        for payload in Parser::new(0).parse_all(module) {
            if let Payload::CustomSection(section) = payload.unwrap()
                && section.name() == "reloc.CODE"
            {
                let reader = BinaryReader::new(section.data(), 0);
                let entries = RelocSectionReader::new(reader).unwrap().entries();
                return entries.into_iter().map(|one| one.unwrap().offset).collect();
            }
        }
        Vec::new()
    }

    #[test]
    fn a_panic_is_where_the_program_ends_and_what_it_would_say_is_gone() {
        let before = module();
        let after = snip(&before).unwrap();
        assert_eq!(
            after.len(),
            before.len() - 3,
            "one place less is written down"
        );
        let [panic, careful, fails, other, fine]: [Vec<String>; 5] =
            operators(&after).try_into().unwrap();
        assert!(panic.iter().all(|one| one == "Unreachable" || one == "End"));
        assert_eq!(
            careful[0], "Call { function_index: 4 }",
            "what comes before is done"
        );
        assert_eq!(careful.last().unwrap(), "End");
        let end = &careful[1..careful.len() - 1];
        assert!(
            end.len() > 4 && end.iter().all(|one| one == "Unreachable"),
            "{careful:?}"
        );
        assert_eq!(fine, ["Nop", "End"], "its name alone does not end it");
        assert_eq!(fails[0], "Unreachable");
        assert_eq!(
            other[0], "Unreachable",
            "who begins with such a call is one"
        );
    }

    #[test]
    fn nothing_is_relocated_in_what_is_gone() {
        assert_eq!(relocated(&module()), [8, 13]);
        assert_eq!(relocated(&snip(&module()).unwrap()), [8]);
    }

    #[test]
    fn without_names_nothing_can_be_told() {
        assert!(snip(b"\0asm\x01\0\0\0").is_err());
    }
}
