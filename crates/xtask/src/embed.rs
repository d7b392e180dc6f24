//! What pages of other sites load from the relay: badges with the button of a chat, and the runtime, each at an address that never
//! changes what it gives, the same at an address that follows the major version, and a list with the hash of each by which a page can
//! hold the relay to it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha384};

use crate::bindgen;
use crate::listing::{Listing, Role, hash};
use crate::runtime::Runtime;

/// Of what pages may set and hear. A page that names the major version alone is not to break by a newer one.
const VERSION: &str = "1.0.0";
const MAJOR: &str = "v1";

/// Adds everything under `/embed/`.
pub fn assemble(listing: &mut Listing, www: &Path, runtime: &Runtime, release: bool) -> Result<()> {
    let source = www.join("embed/presence.js");
    let source =
        fs::read_to_string(&source).with_context(|| format!("cannot read {}", source.display()))?;
    let script = match release {
        true => bindgen::minify(&source)?,
        false => source,
    };
    let presence = [("presence.js", script.into_bytes())];
    // The script holds the module beside it to its hash, so that the script's hash is that of both.
    let runtime = [
        ("runtime.js", runtime.script.clone()),
        ("runtime.wasm", runtime.module.clone()),
    ];
    let mut files = Map::new();
    add(listing, &mut files, Role::Embed, presence)?;
    add(listing, &mut files, Role::Runtime, runtime)?;
    let manifest = json!({ "version": VERSION, "files": files });
    let manifest = serde_json::to_vec_pretty(&manifest)?;
    listing.fixed("/embed/manifest.json", Role::Other, manifest)
}

/// Adds files that lie side by side. The hash of the first makes sure that one address never gives two things, whatever is changed
/// between two versions.
fn add<const N: usize>(
    listing: &mut Listing,
    files: &mut Map<String, Value>,
    role: Role,
    added: [(&str, Vec<u8>); N],
) -> Result<()> {
    let folder = format!("/embed/{VERSION}-{}", &hash(&added[0].1)[..8]);
    for (name, bytes) in added {
        let (pinned, moving) = (format!("{folder}/{name}"), format!("/embed/{MAJOR}/{name}"));
        let integrity = format!("sha384-{}", STANDARD.encode(Sha384::digest(&bytes)));
        let file = json!({
            "pinned": pinned,
            "moving": moving,
            "integrity": integrity,
            "bytes": bytes.len(),
        });
        files.insert(name.to_owned(), file);
        // Who follows the version has script and module of one day, also while a browser keeps what it got the day before.
        let follows = match (role, name) {
            (Role::Runtime, "runtime.js") => format!(
                "export * from \"../{}/{name}\";\n",
                folder.trim_start_matches("/embed/")
            )
            .into_bytes(),
            _ => bytes.clone(),
        };
        listing.fixed(&pinned, role, bytes)?;
        listing.fixed(&moving, Role::Other, follows)?;
    }
    Ok(())
}
