//! The page: `crates/web` as WebAssembly, its glue, the files of `www`, put together under hashed names.
//!
//! Names are settled from the leaves up, since each file's hash covers the names it mentions:
//! icons, style, module, snippets, glue, `boot.js`, manifest, and `index.html` last.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::bindgen::{self, Bound};
use crate::compress::Effort;
use crate::embed;
use crate::listing::{Listing, Role};
use crate::runtime;
use crate::shell::step;
use crate::split::{self, Split};
use crate::wasm::{self, Part};
use crate::workspace::Workspace;

const PACKAGE: &str = "lamplight-web";
/// The conversation on another site's page, a program of the same package.
const FRAME: &str = "lamplight-frame";
/// Of the page's styles those that a conversation wants.
const FRAME_STYLES: [&str; 5] = [
    "1-tokens.css",
    "2-base.css",
    "3-presence.css",
    "6-chat.css",
    "8-wishes.css",
];

/// What the page is built for: to be looked at while it changes, or to be served.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Dev,
    Release,
}

impl Kind {
    pub fn of(dev: bool) -> Self {
        if dev { Kind::Dev } else { Kind::Release }
    }

    pub fn profile(self) -> &'static str {
        match self {
            Kind::Dev => "wasm-dev",
            Kind::Release => "wasm-release",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Kind::Dev => "dev",
            Kind::Release => "release",
        }
    }

    fn effort(self) -> Effort {
        match self {
            Kind::Dev => Effort::Quick,
            Kind::Release => Effort::Smallest,
        }
    }
}

/// A built page: where it lies, what it consists of, and the module as the linker left it, names inside.
pub struct Page {
    pub folder: PathBuf,
    pub listing: Listing,
    pub linked: PathBuf,
}

pub fn build(workspace: &Workspace, kind: Kind) -> Result<Page> {
    let linked = step("the page's WebAssembly", || {
        wasm::ensure_target(workspace)?;
        let part = Part::Program(PACKAGE);
        wasm::build(workspace, PACKAGE, part, kind.profile())
    })?;
    let framed = step("the conversation for other sites", || {
        wasm::build(workspace, PACKAGE, Part::Lean(FRAME), kind.profile())
    })?;
    let driven = step("the module for scripts of other sites", || {
        runtime::link(workspace, kind.profile())
    })?;
    step("the page: glue, names, compression", || {
        let release = kind == Kind::Release;
        let split = split::split(workspace, &linked, release)?;
        let bound = bindgen::bind(workspace, &split.main, release)?;
        let folder = workspace.target.join("page").join(kind.folder());
        let whole = split::split(workspace, &framed, release)?;
        anyhow::ensure!(whole.parts.is_empty(), "a frame has one module");
        let frame = bindgen::bind(workspace, &whole.main, release)?;
        let www = workspace.root.join("www");
        let mut listing = assemble(&www, bound, split, kind)?;
        assemble_frame(&mut listing, &www, frame, kind)?;
        let runtime = runtime::assemble(workspace, &driven, release)?;
        embed::assemble(&mut listing, &www, &runtime, release)?;
        shop(&mut listing, &www)?;
        listing.write(&folder, release)?;
        Ok(Page {
            folder,
            listing,
            linked,
        })
    })
}

fn assemble(www: &Path, bound: Bound, split: Split, kind: Kind) -> Result<Listing> {
    let mut listing = Listing::new(kind.effort());
    let mut names = Names::default();
    for (name, bytes) in icons(www)? {
        let path = listing.hashed(&name, Role::Other, bytes)?;
        names.set(&format!("icon:{name}"), path);
    }
    let first = style(&[www.join("boot.css")], &www.join("styles"), kind)?;
    names.set("style", listing.hashed("page.css", Role::Style, first)?);
    let later = style(&[], &www.join("styles/later"), kind)?;
    let later = listing.hashed("page-more.css", Role::Later, later)?;
    names.set("style-more", later);
    names.set(
        "wasm",
        listing.hashed("page.wasm", Role::Module, bound.wasm)?,
    );

    let mut places = Vec::new();
    for (name, part) in split.parts {
        let address = name.replace("split_", "page-");
        let address = listing.hashed(&address, Role::Later, part)?;
        places.push((name, address.replace("/assets/", "./")));
    }

    let mut glue = split::join(&bound.glue, &split.link, &places)?;
    for (import, script) in bound.snippets {
        glue = split::inside(&glue, &import, &script)?;
    }
    if kind == Kind::Release {
        glue = bindgen::minify(&glue)?;
    }
    names.set(
        "glue",
        listing.hashed("page.js", Role::Script, glue.into_bytes())?,
    );

    let boot = names.fill(&read(&www.join("boot.js"))?)?;
    let boot = match kind {
        Kind::Dev => boot,
        Kind::Release => bindgen::minify(&boot)?,
    };
    names.set(
        "boot",
        listing.hashed("boot.js", Role::Script, boot.into_bytes())?,
    );

    let manifest = names.fill(&read(&www.join("manifest.webmanifest"))?)?;
    listing.fixed("/manifest.webmanifest", Role::Other, manifest.into_bytes())?;
    let index = names.fill(&read(&www.join("index.html"))?)?;
    listing.fixed("/", Role::Html, without_remarks(&index).into_bytes())?;
    Ok(listing)
}

/// The conversation on another site's page: a document of its own, with as much of the page as it needs.
fn assemble_frame(listing: &mut Listing, www: &Path, bound: Bound, kind: Kind) -> Result<()> {
    let mut names = Names::default();
    let styles = FRAME_STYLES.map(|name| www.join("styles").join(name));
    let first = [&[www.join("boot.css")], styles.as_slice()].concat();
    let style = style(&first, &www.join("styles/frame"), kind)?;
    names.set("style", listing.hashed("frame.css", Role::Frame, style)?);
    names.set(
        "wasm",
        listing.hashed("frame.wasm", Role::Frame, bound.wasm)?,
    );
    let mut glue = bound.glue;
    for (import, script) in bound.snippets {
        glue = split::inside(&glue, &import, &script)?;
    }
    let small = |script: String| match kind {
        Kind::Dev => Ok(script),
        Kind::Release => bindgen::minify(&script),
    };
    names.set(
        "glue",
        listing.hashed("frame.js", Role::Frame, small(glue)?.into_bytes())?,
    );
    let boot = small(names.fill(&read(&www.join("boot.js"))?)?)?;
    names.set(
        "boot",
        listing.hashed("frame-boot.js", Role::Frame, boot.into_bytes())?,
    );
    let document = names.fill(&read(&www.join("embed/chat.html"))?)?;
    listing.fixed(
        "/embed/chat",
        Role::Frame,
        without_remarks(&document).into_bytes(),
    )
}

/// A sample of a site with presence in it.
fn shop(listing: &mut Listing, www: &Path) -> Result<()> {
    let shop = www.join("shop");
    let mut names = Names::default();
    for name in ["shop.css", "shop.js"] {
        let text = read(&shop.join(name))?;
        names.set(name, listing.hashed(name, Role::Other, text.into_bytes())?);
    }
    let document = names.fill(&read(&shop.join("index.html"))?)?;
    let document = without_remarks(&document).into_bytes();
    listing.fixed("/embed/shop", Role::Other, document)
}

/// The addresses that templates ask for as `{{name}}`.
#[derive(Default)]
struct Names(Vec<(String, String)>);

impl Names {
    fn set(&mut self, name: &str, path: String) {
        self.0.push((name.to_owned(), path));
    }

    /// Fills a template; a name that nobody set is an error, not an empty address.
    fn fill(&self, template: &str) -> Result<String> {
        let mut filled = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, behind) = after.split_once("}}").context("a {{ is never closed")?;
            let (_, path) = self
                .0
                .iter()
                .find(|(known, _)| known == name.trim())
                .with_context(|| format!("nothing is called {{{{{name}}}}} in a page"))?;
            filled.push_str(before);
            filled.push_str(path);
            rest = behind;
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

/// One style sheet out of some files and all of a folder, in the order of their names: `www/boot.css` is what is seen before the
/// program runs, `www/styles/later` what is loaded with what is opened.
fn style(first: &[PathBuf], folder: &Path, kind: Kind) -> Result<Vec<u8>> {
    let mut parts = first.to_vec();
    parts.extend(sorted(folder, "css")?);
    let mut style = String::new();
    for part in &parts {
        style.push_str(&read(part)?);
        style.push('\n');
    }
    Ok(match kind {
        Kind::Dev => style,
        Kind::Release => tighten(&style),
    }
    .into_bytes())
}

/// Takes remarks, line ends and indentation out of a style sheet. More than that saves nothing after compression and
/// would need a parser that knows each new piece of CSS.
fn tighten(style: &str) -> String {
    let mut small = String::with_capacity(style.len());
    let mut rest = style;
    while let Some((before, after)) = rest.split_once("/*") {
        small.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, behind)| behind);
    }
    small.push_str(rest);
    let lines = small.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// Takes the remarks for whoever edits the template out of what is sent.
fn without_remarks(html: &str) -> String {
    let mut sent = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once("<!--") {
        sent.push_str(before.trim_end());
        rest = after.split_once("-->").map_or("", |(_, behind)| behind);
    }
    sent.push_str(rest);
    sent
}

fn icons(www: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut icons = Vec::new();
    for extension in ["png", "svg"] {
        for path in sorted(&www.join("icons"), extension)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            icons.push((name.into_owned(), fs::read(&path)?));
        }
    }
    Ok(icons)
}

fn sorted(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod test {
    use super::*;

    fn page() -> (Vec<String>, Vec<u8>) {
        let www = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../www");
        let bound = Bound {
            wasm: b"\0asm\x01\0\0\0".to_vec(),
            glue: "import * as import1 from './__wasm_split.js'\nimport { one } from './snippets/a/inline0.js';\nexport default one;".into(),
            snippets: [("./snippets/a/inline0.js".to_owned(), "export const one = 1;".to_owned())].into(),
        };
        let folder = std::env::temp_dir().join(format!("lamplight-page-{}", std::process::id()));
        let split = Split {
            main: PathBuf::new(),
            parts: vec![("split_more.wasm".to_owned(), b"\0asm\x01\0\0\0".to_vec())],
            link: "export const load = () => \"./split_more.wasm\";".to_owned(),
        };
        let listing = assemble(&www, bound, split, Kind::Release).unwrap();
        listing.write(&folder, true).unwrap();
        let index = fs::read(folder.join("index.html")).unwrap();
        let mut names = Vec::new();
        for entry in fs::read_dir(folder.join("assets")).unwrap() {
            names.push(entry.unwrap().file_name().to_string_lossy().into_owned());
        }
        fs::remove_dir_all(&folder).unwrap();
        (names, index)
    }

    #[test]
    fn every_address_in_the_front_page_is_a_file_of_the_page() {
        let (names, index) = page();
        let index = String::from_utf8(index).unwrap();
        assert!(!index.contains("{{"), "a placeholder is left: {index}");
        let mut seen = 0;
        for address in index
            .split('"')
            .filter_map(|part| part.strip_prefix("/assets/"))
        {
            assert!(
                names.iter().any(|name| name == address),
                "{address} of {names:?}"
            );
            seen += 1;
        }
        assert!(seen >= 4, "style, boot, glue and module are named: {index}");
    }

    #[test]
    fn a_placeholder_that_nobody_set_is_an_error() {
        let mut names = Names::default();
        names.set("style", "/assets/a.css".into());
        assert_eq!(names.fill("<{{style}}>").unwrap(), "</assets/a.css>");
        assert!(names.fill("{{stile}}").is_err());
        assert!(names.fill("{{style").is_err());
    }

    #[test]
    fn a_tightened_style_loses_remarks_and_indentation_only() {
        let style = "/* why */\na {\n  margin: calc(1px + 2px);\n}\n\n";
        assert_eq!(tighten(style), "a {\nmargin: calc(1px + 2px);\n}");
    }
}
