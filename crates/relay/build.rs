//! Puts the built page into the binary: reads the listing that `cargo xtask page` left and writes a table of its files.
//!
//! `LAMPLIGHT_PAGE_DIR` names the folder. Where it is unset or empty of a page, a placeholder stands in, so that a plain
//! `cargo build` and `cargo test` work without a browser's tool in sight. The fields of the listing are described in
//! `crates/xtask/src/listing.rs`.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;

const PAGE_DIR: &str = "LAMPLIGHT_PAGE_DIR";

const PLACEHOLDER: &str = "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>Lamplight</title>
</head>
<body>
<h1>Lamplight</h1>
<p>This relay was built without its page. Build it with <code>cargo xtask run</code>.</p>
</body>
</html>
";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={PAGE_DIR}");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let table = match page_folder() {
        Some(folder) => table(&folder),
        None => placeholder(&out),
    };
    fs::write(out.join("page.rs"), table).expect("OUT_DIR can be written");
}

fn page_folder() -> Option<PathBuf> {
    let folder = PathBuf::from(env::var_os(PAGE_DIR).filter(|value| !value.is_empty())?);
    let listing = folder.join("listing.json");
    // The listing holds the hash of every file, so it is the only thing to watch.
    println!("cargo::rerun-if-changed={}", listing.display());
    if listing.is_file() {
        return Some(folder);
    }
    println!(
        "cargo::warning={PAGE_DIR} names {}, which holds no built page; a placeholder is embedded",
        folder.display()
    );
    None
}

fn table(folder: &Path) -> String {
    let listing = folder.join("listing.json");
    let text = fs::read_to_string(&listing).expect("the listing can be read");
    let listing: Value = serde_json::from_str(&text).expect("the listing is JSON");
    let files = listing["files"].as_array().expect("the listing has files");
    let mut table = head();
    for file in files {
        let word = |key: &str| {
            file[key]
                .as_str()
                .unwrap_or_else(|| panic!("a file has no {key}: {file}"))
        };
        let at = folder.join(word("file"));
        let form = |key: &str| {
            let there = !file[key].is_null();
            there.then(|| format!("{}.{key}", at.display()))
        };
        let asset = Row {
            path: word("path"),
            content_type: word("content_type"),
            hash: word("hash"),
            immutable: word("cache") == "immutable",
            raw: at.display().to_string(),
            brotli: form("br"),
            gzip: form("gz"),
        };
        asset.write(&mut table);
    }
    table.push_str("];\n");
    table
}

fn placeholder(out: &Path) -> String {
    let at = out.join("placeholder.html");
    fs::write(&at, PLACEHOLDER).expect("OUT_DIR can be written");
    let mut table = head();
    let row = Row {
        path: "/",
        content_type: "text/html; charset=utf-8",
        hash: "placeholder",
        immutable: false,
        raw: at.display().to_string(),
        brotli: None,
        gzip: None,
    };
    row.write(&mut table);
    table.push_str("];\n");
    table
}

fn head() -> String {
    "/// Every file of the page, as the builder listed it.\nstatic PAGE: &[Asset] = &[\n".to_owned()
}

/// One file, as it is written into the table.
struct Row<'a> {
    path: &'a str,
    content_type: &'a str,
    hash: &'a str,
    immutable: bool,
    raw: String,
    brotli: Option<String>,
    gzip: Option<String>,
}

impl Row<'_> {
    fn write(&self, table: &mut String) {
        let cache = if self.immutable {
            "Immutable"
        } else {
            "Revalidate"
        };
        let form = |coding: &str, suffix: &str, file: &str| {
            let etag = format!("\"{}{suffix}\"", self.hash);
            format!(
                "Form {{ coding: Coding::{coding}, etag: {etag:?}, bytes: include_bytes!({file:?}) }}"
            )
        };
        let option = |coding: &str, suffix: &str, file: &Option<String>| match file {
            Some(file) => format!("Some({})", form(coding, suffix, file)),
            None => "None".into(),
        };
        writeln!(
            table,
            "Asset {{ path: {:?}, content_type: {:?}, cache: Cache::{cache}, plain: {}, brotli: {}, gzip: {} }},",
            self.path,
            self.content_type,
            form("Identity", "", &self.raw),
            option("Brotli", "-br", &self.brotli),
            option("Gzip", "-gz", &self.gzip),
        )
        .expect("a string can be written to");
    }
}
