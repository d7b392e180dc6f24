//! What pages of other sites have pinned. An address with a version and a hash gives one thing for ever, also after the relay was
//! upgraded: whatever it once served there is kept in the data folder, one small file a version, and served from there when the
//! binary has it no more.
//!
//! Nothing is believed of the folder but a script that bears the hash that its folder's name says, and a module beside it to which that
//! script holds it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256, Sha384};

use crate::assets;

/// In the data folder.
const FOLDER: &str = "embed";
const BEFORE: &str = "/embed/";
/// Far more than anything of this kind weighs.
const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A former version's file, and where it lies below the data folder.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    file: PathBuf,
    /// The beginning of the script's hash.
    hash: String,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Script,
    /// Held by the script of the same name, which names its hash.
    Module,
}

/// A file of a former version.
pub struct Former {
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

impl Place {
    /// Reads `/embed/1.0.0-0123abcd/presence.js`; nothing else names a place.
    fn read(path: &str) -> Option<Self> {
        let (version, name) = path.strip_prefix(BEFORE)?.split_once('/')?;
        let (number, hash) = version.split_once('-')?;
        let parts: Vec<&str> = number.split('.').collect();
        let is_number = |part: &&str| {
            (1..=9).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let (stem, extension) = name.split_once('.')?;
        let kind = match extension {
            "js" => Kind::Script,
            "wasm" => Kind::Module,
            _ => return None,
        };
        let plain =
            (1..=40).contains(&stem.len()) && stem.bytes().all(|byte| byte.is_ascii_lowercase());
        let reads = parts.len() == 3
            && parts.iter().all(is_number)
            && hash.len() == 8
            && hash.bytes().all(is_hex)
            && plain;
        reads.then(|| Self {
            file: [FOLDER, version, name].iter().collect(),
            hash: hash.to_owned(),
            kind,
        })
    }

    /// What lies here below this folder, if it is what it should be.
    fn believed(&self, data: &Path) -> Option<Vec<u8>> {
        let file = data.join(&self.file);
        let script = read(&file.with_extension("js"))?;
        let digest = Sha256::digest(&script);
        let begin = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
        if format!("{begin:08x}") != self.hash {
            return None;
        }
        match self.kind {
            Kind::Script => Some(script),
            Kind::Module => {
                let module = read(&file)?;
                let named = STANDARD.encode(Sha384::digest(&module));
                std::str::from_utf8(&script)
                    .is_ok_and(|script| script.contains(&named))
                    .then_some(module)
            }
        }
    }
}

fn read(file: &Path) -> Option<Vec<u8>> {
    let fits = fs::metadata(file).ok()?.len() <= BYTES_MAX;
    fits.then(|| fs::read(file).ok()).flatten()
}

/// Keeps what this binary serves at pinned addresses. Whoever cannot write it down serves it all the same.
pub fn keep(data: &Path) {
    for (path, bytes) in assets::plain() {
        let Some(place) = Place::read(path) else {
            continue;
        };
        if let Err(error) = write(&data.join(&place.file), bytes) {
            tracing::warn!(%error, path, "what pages have pinned is not kept for the time after an upgrade");
        }
    }
}

fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::read(file).is_ok_and(|kept| kept == bytes) {
        return Ok(());
    }
    let folder = file.parent().unwrap_or(file);
    fs::create_dir_all(folder)?;
    // Whoever reads meanwhile finds all of it or none.
    let mut new = file.as_os_str().to_owned();
    new.push(".new");
    fs::write(&new, bytes)?;
    fs::rename(&new, file)
}

/// What a former version of this relay served at this address.
pub async fn former(data: &Path, path: &str) -> Option<Former> {
    let place = Place::read(path)?;
    let content_type = match place.kind {
        Kind::Script => "text/javascript; charset=utf-8",
        Kind::Module => "application/wasm",
    };
    let data = data.to_owned();
    let read = tokio::task::spawn_blocking(move || place.believed(&data));
    let bytes = read.await.ok()??;
    Some(Former {
        content_type,
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_version_with_its_hash_names_a_place() {
        let place = Place::read("/embed/1.20.3-0123abcd/presence.js").unwrap();
        assert_eq!(place.file, Path::new("embed/1.20.3-0123abcd/presence.js"));
        for none in [
            "/embed/v1/presence.js",
            "/embed/1.0.0/presence.js",
            "/embed/1.0-0123abcd/presence.js",
            "/embed/1.0.0-0123ABCD/presence.js",
            "/embed/1.0.0-0123abcde/presence.js",
            "/embed/../1.0.0-0123abcd/presence.js",
            "/embed/1.0.0-0123abcd/../../lamplight.db",
            "/embed/1.0.0-0123abcd/..",
            "/embed/1.0.0-0123abcd/.js",
            "/embed/1.0.0-0123abcd/presence.html",
            "/embed/1.0.0-0123abcd/presence.js.wasm",
            "/embed/1.0.0-0123abcd/presence.js/",
            "/embed/1.0.0-0123abcd/presence.js%00",
            "/embed/-1.0.0-0123abcd/presence.js",
            "/assets/1.0.0-0123abcd/presence.js",
        ] {
            assert_eq!(Place::read(none), None, "{none}");
        }
    }

    #[tokio::test]
    async fn what_was_kept_is_given_as_it_was_or_not_at_all() {
        let given = async |data: &Path, path: &str| former(data, path).await.map(|one| one.bytes);
        let data = std::env::temp_dir().join(format!("lamplight-pinned-{}", std::process::id()));
        let module = b"a module";
        let bytes = format!("holds {} to it", STANDARD.encode(Sha384::digest(module)));
        let bytes = bytes.as_bytes();
        let hash = &format!("{:x}", Sha256::digest(bytes))[..8];
        let path = format!("/embed/0.9.0-{hash}/presence.js");
        assert_eq!(given(&data, &path).await, None);
        let file = data.join(Place::read(&path).unwrap().file);
        write(&file, bytes).unwrap();
        assert_eq!(given(&data, &path).await.as_deref(), Some(bytes));
        let beside = path.replace(".js", ".wasm");
        assert_eq!(given(&data, &beside).await, None);
        write(&file.with_extension("wasm"), module).unwrap();
        assert_eq!(given(&data, &beside).await.as_deref(), Some(&module[..]));
        fs::write(file.with_extension("wasm"), b"another").unwrap();
        assert_eq!(given(&data, &beside).await, None);
        write(&file.with_extension("wasm"), module).unwrap();
        fs::write(&file, b"changed").unwrap();
        assert_eq!(given(&data, &beside).await, None);
        assert_eq!(given(&data, &path).await, None);
        write(&file, bytes).unwrap();
        assert_eq!(given(&data, &path).await.as_deref(), Some(bytes));
        fs::remove_dir_all(&data).unwrap();
    }
}
