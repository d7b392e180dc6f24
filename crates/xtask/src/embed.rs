//! What pages of other sites load from the relay: a module at an address that never changes what it gives, the same at an address
//! that follows the major version, and a list with the hash of each by which a page can hold the relay to it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest, Sha384};

use crate::bindgen;
use crate::listing::{Listing, Role, hash};

/// Of what pages may set and hear. A page that names the major version alone is not to break by a newer one.
const VERSION: &str = "1.0.0";
const MAJOR: &str = "v1";

/// Adds everything under `/embed/`.
pub fn assemble(listing: &mut Listing, www: &Path, release: bool) -> Result<()> {
    let source = www.join("embed/presence.js");
    let source =
        fs::read_to_string(&source).with_context(|| format!("cannot read {}", source.display()))?;
    let script = match release {
        true => bindgen::minify(&source)?,
        false => source,
    };
    let bytes = script.into_bytes();
    // The hash makes sure that one address never gives two things, whatever is changed between two versions.
    let pinned = format!("/embed/{VERSION}-{}/presence.js", &hash(&bytes)[..8]);
    let moving = format!("/embed/{MAJOR}/presence.js");
    let integrity = format!("sha384-{}", STANDARD.encode(Sha384::digest(&bytes)));
    let manifest = json!({
        "version": VERSION,
        "files": {
            "presence.js": {
                "pinned": pinned,
                "moving": moving,
                "integrity": integrity,
                "bytes": bytes.len(),
            },
        },
    });
    listing.fixed(&pinned, Role::Embed, bytes.clone())?;
    listing.fixed(&moving, Role::Other, bytes)?;
    let manifest = serde_json::to_vec_pretty(&manifest)?;
    listing.fixed("/embed/manifest.json", Role::Other, manifest)
}
