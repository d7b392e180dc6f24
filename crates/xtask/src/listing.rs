//! The built page as a list: what the relay's build script embeds and what `size` weighs.
//!
//! `listing.json` in the page's folder is the whole contract between builder and relay:
//! `{"release": true, "files": [{"path", "file", "hash", "content_type", "cache", "role", "raw", "br", "gz"}]}`.
//! `path` is the address on the relay, `file` the name in the folder; its compressed forms lie beside it as `<file>.br`
//! and `<file>.gz` and their sizes are null where there is none. `cache` is `immutable` or `no-cache`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::compress::{self, Effort};

pub const NAME: &str = "listing.json";

/// What a file is to the page; the budget counts modules, scripts and styles.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Html,
    Module,
    /// A part of the module that is loaded when what it draws is first opened.
    Later,
    Script,
    Style,
    /// What the conversation on another site's page consists of: its module, script and style.
    Frame,
    /// What a page of another site loads for a live badge.
    Embed,
    /// What a script of another site drives: module and script.
    Runtime,
    Other,
}

impl Role {
    pub const ALL: [Role; 9] = [
        Role::Module,
        Role::Later,
        Role::Script,
        Role::Style,
        Role::Html,
        Role::Frame,
        Role::Embed,
        Role::Runtime,
        Role::Other,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Role::Html => "html",
            Role::Module => "wasm",
            Role::Later => "later",
            Role::Script => "js",
            Role::Style => "css",
            Role::Frame => "frame",
            Role::Embed => "embed",
            Role::Runtime => "runtime",
            Role::Other => "other",
        }
    }
}

/// One file of the page, with its forms.
pub struct File {
    pub path: String,
    pub hash: String,
    pub role: Role,
    raw: Vec<u8>,
    brotli: Option<Vec<u8>>,
    gzip: Option<Vec<u8>>,
}

/// The files of a page, gathered in the order in which they depend on each other.
pub struct Listing {
    effort: Effort,
    files: Vec<File>,
}

impl Listing {
    pub fn new(effort: Effort) -> Self {
        let files = Vec::new();
        Self { effort, files }
    }

    /// Adds a file whose address carries its hash, and gives that address. It may be kept by browsers for ever.
    pub fn hashed(&mut self, name: &str, role: Role, raw: Vec<u8>) -> Result<String> {
        let (stem, extension) = name.rsplit_once('.').context("a file has an extension")?;
        let path = format!("/assets/{stem}-{}.{extension}", hash(&raw));
        self.add(path.clone(), role, raw)?;
        Ok(path)
    }

    /// Adds a file at an address that stays; browsers ask again each time and mostly hear "not modified".
    pub fn fixed(&mut self, path: &str, role: Role, raw: Vec<u8>) -> Result<()> {
        self.add(path.to_owned(), role, raw)
    }

    fn add(&mut self, path: String, role: Role, raw: Vec<u8>) -> Result<()> {
        if self.files.iter().any(|file| file.path == path) {
            return Ok(());
        }
        self.files.push(File {
            brotli: compress::brotli(&raw, self.effort)?,
            gzip: compress::gzip(&raw, self.effort)?,
            hash: hash(&raw),
            path,
            role,
            raw,
        });
        Ok(())
    }

    /// Writes all files and the listing, touches none that is already right and removes what is no longer listed.
    pub fn write(&self, folder: &Path, release: bool) -> Result<()> {
        let mut wanted = BTreeSet::new();
        let mut put = |name: String, bytes: &[u8]| -> Result<()> {
            write_if_new(&folder.join(&name), bytes)?;
            wanted.insert(name);
            Ok(())
        };
        for file in &self.files {
            let name = file.name();
            put(name.clone(), &file.raw)?;
            if let Some(bytes) = &file.brotli {
                put(format!("{name}.br"), bytes)?;
            }
            if let Some(bytes) = &file.gzip {
                put(format!("{name}.gz"), bytes)?;
            }
        }
        let files: Vec<Value> = self.files.iter().map(File::json).collect();
        let listing = serde_json::to_string_pretty(&json!({ "release": release, "files": files }))?;
        put(NAME.to_owned(), listing.as_bytes())?;
        remove_others(folder, folder, &wanted)
    }

    /// Bytes of one role: raw, brotli, gzip. A file without a compressed form counts as it is.
    pub fn weight(&self, role: Role) -> Weight {
        let mut sum = Weight::default();
        for file in self.files.iter().filter(|file| file.role == role) {
            sum.files += 1;
            sum.raw += file.raw.len();
            sum.brotli += file.brotli.as_ref().unwrap_or(&file.raw).len();
            sum.gzip += file.gzip.as_ref().unwrap_or(&file.raw).len();
        }
        sum
    }
}

#[derive(Default, Clone, Copy)]
pub struct Weight {
    pub files: usize,
    pub raw: usize,
    pub brotli: usize,
    pub gzip: usize,
}

impl File {
    fn name(&self) -> String {
        match self.path.as_str() {
            "/" => "index.html".into(),
            path => path.trim_start_matches('/').into(),
        }
    }

    /// Whether its address gives this and nothing else, for ever.
    fn is_pinned(&self) -> bool {
        matches!(self.role, Role::Embed | Role::Runtime) || self.path.starts_with("/assets/")
    }

    fn json(&self) -> Value {
        let size = |form: &Option<Vec<u8>>| form.as_ref().map(Vec::len);
        json!({
            "path": self.path,
            "file": self.name(),
            "hash": self.hash,
            "content_type": content_type(&self.name()),
            "cache": if self.is_pinned() { "immutable" } else { "no-cache" },
            "role": self.role.word(),
            "raw": self.raw.len(),
            "br": size(&self.brotli),
            "gz": size(&self.gzip),
        })
    }
}

fn content_type(name: &str) -> &'static str {
    // Documents have addresses without an end.
    if !name.contains('.') {
        return "text/html; charset=utf-8";
    }
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// 64 bits of SHA-256: enough that two files of one page never share a name, short enough to read.
pub fn hash(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes)
        .iter()
        .take(8)
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn write_if_new(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

fn remove_others(folder: &Path, root: &Path, wanted: &BTreeSet<String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, root, wanted)?;
            continue;
        }
        let name = path
            .strip_prefix(root)?
            .to_string_lossy()
            .replace('\\', "/");
        if !wanted.contains(&name) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod test {
    use super::*;

    fn sample() -> Listing {
        let mut listing = Listing::new(Effort::Quick);
        let style = "p { color: CanvasText }\n".repeat(40).into_bytes();
        listing.hashed("page.css", Role::Style, style).unwrap();
        listing
            .fixed("/", Role::Html, b"<!doctype html>".to_vec())
            .unwrap();
        listing
    }

    #[test]
    fn a_hashed_address_changes_with_the_content_and_is_kept_for_ever() {
        let mut listing = Listing::new(Effort::Quick);
        let one = listing.hashed("a.js", Role::Script, b"1".to_vec()).unwrap();
        let two = listing.hashed("a.js", Role::Script, b"2".to_vec()).unwrap();
        assert_ne!(one, two);
        assert!(
            one.starts_with("/assets/a-") && one.contains(".js"),
            "{one}"
        );
        assert!(
            listing
                .files
                .iter()
                .all(|file| file.json()["cache"] == "immutable")
        );
    }

    #[test]
    fn the_front_page_is_index_html_and_asked_for_each_time() {
        let listing = sample();
        let front = listing.files[1].json();
        assert_eq!(front["path"], "/");
        assert_eq!(front["file"], "index.html");
        assert_eq!(front["cache"], "no-cache");
        assert_eq!(front["content_type"], "text/html; charset=utf-8");
        assert!(front["br"].is_null(), "15 bytes are not worth compressing");
    }

    #[test]
    fn writing_removes_what_is_no_longer_listed_and_leaves_the_rest_alone() {
        let folder = std::env::temp_dir().join(format!("lamplight-listing-{}", std::process::id()));
        fs::create_dir_all(folder.join("assets")).unwrap();
        fs::write(folder.join("assets/old-0.js"), "old").unwrap();
        sample().write(&folder, true).unwrap();
        assert!(!folder.join("assets/old-0.js").exists());

        let before = fs::metadata(folder.join(NAME)).unwrap().modified().unwrap();
        sample().write(&folder, true).unwrap();
        let after = fs::metadata(folder.join(NAME)).unwrap().modified().unwrap();
        assert_eq!(
            before, after,
            "an unchanged page makes the relay build nothing"
        );
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_weight_of_a_file_without_a_compressed_form_is_its_own() {
        let weight = sample().weight(Role::Html);
        assert_eq!((weight.files, weight.raw, weight.brotli), (1, 15, 15));
        let style = sample().weight(Role::Style);
        assert!(style.brotli < style.raw && style.gzip < style.raw);
    }
}
