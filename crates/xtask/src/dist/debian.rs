//! The package for Debian and its kin, by `dpkg-deb`: the tree as it will lie on the disk, beside it what the installer reads.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::files;
use crate::shell;
use crate::workspace::Workspace;

/// What is put where: from the folder of the distribution, to the root of the machine.
const PLACES: [(&str, &str, u32); 7] = [
    ("lamplight", "usr/bin/lamplight", 0o755),
    (
        "lamplight.service",
        "usr/lib/systemd/system/lamplight.service",
        0o644,
    ),
    ("lamplight.toml", "etc/lamplight/lamplight.toml", 0o644),
    (
        "completions/lamplight",
        "usr/share/bash-completion/completions/lamplight",
        0o644,
    ),
    (
        "completions/_lamplight",
        "usr/share/zsh/vendor-completions/_lamplight",
        0o644,
    ),
    (
        "completions/lamplight.fish",
        "usr/share/fish/vendor_completions.d/lamplight.fish",
        0o644,
    ),
    (
        "grafana.json",
        "usr/share/doc/lamplight/grafana.json",
        0o644,
    ),
];
const DOCUMENTS: [&str; 3] = ["SELF_HOSTING.md", "CONFIGURATION.md", "METRICS.md"];
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

pub fn pack(workspace: &Workspace, folder: &Path) -> Result<()> {
    anyhow::ensure!(
        shell::on_path("dpkg-deb").is_some(),
        "dpkg-deb is missing; it is in Debian's package dpkg, which other systems have too"
    );
    let tree = workspace.target.join("debian");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    for (from, to, mode) in PLACES {
        put(&tree.join(to), &fs::read(folder.join(from))?, mode)?;
    }
    let root = &workspace.root;
    for name in DOCUMENTS {
        let text = fs::read(root.join("docs").join(name))?;
        put(
            &tree.join("usr/share/doc/lamplight").join(name),
            &text,
            0o644,
        )?;
    }
    let licence = fs::read(root.join("LICENSE-MIT"))?;
    put(
        &tree.join("usr/share/doc/lamplight/copyright"),
        &licence,
        0o644,
    )?;
    let manual = compressed(&fs::read(folder.join("lamplight.1"))?)?;
    put(
        &tree.join("usr/share/man/man1/lamplight.1.gz"),
        &manual,
        0o644,
    )?;

    let sums = sums(&tree)?;
    let bytes: u64 = files(&tree)?
        .iter()
        .filter_map(|path| Some(path.metadata().ok()?.len()))
        .sum();
    let control = tree.join("DEBIAN");
    put(&control.join("md5sums"), sums.as_bytes(), 0o644)?;
    put(
        &control.join("conffiles"),
        b"/etc/lamplight/lamplight.toml\n",
        0o644,
    )?;
    for name in SCRIPTS {
        let text = fs::read(root.join("crates/relay/packaging").join(name))?;
        put(&control.join(name), &text, 0o755)?;
    }
    let program = fs::read(folder.join("lamplight"))?;
    let architecture = shell::ask(Command::new("dpkg").arg("--print-architecture"))?;
    let version = workspace.version("lamplight")?;
    let needs = libc(&program);
    let text = format!(
        "Package: lamplight\nVersion: {version}\nArchitecture: {architecture}\n\
         Maintainer: Lamplight <lamplight@localhost>\nSection: net\nPriority: optional\n\
         Installed-Size: {}\nDepends: {needs}, libgcc-s1, passwd\nRecommends: ca-certificates\n\
         Description: presence and instant messages on a server of your own\n \
         A relay after RFC 2778 with its page for browsers, in one program with one\n \
         port and one folder of data. It shows who is there to those who may know it,\n \
         and carries messages between them.\n",
        bytes.div_ceil(1024),
    );
    put(&control.join("control"), text.as_bytes(), 0o644)?;
    open_folders(&tree)?;
    let package = folder.join(format!("lamplight_{version}_{architecture}.deb"));
    shell::ask(
        Command::new("dpkg-deb")
            .args(["--root-owner-group", "-Zxz", "--build"])
            .arg(&tree)
            .arg(&package),
    )?;
    fs::remove_dir_all(&tree)?;
    Ok(())
}

fn put(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let folder = path.parent().context("a path with a folder")?;
    fs::create_dir_all(folder)?;
    fs::write(path, bytes)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    #[cfg(not(unix))]
    let _ = mode;
    Ok(())
}

/// Whatever the builder's umask is, everyone may look where programs are.
fn open_folders(folder: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            open_folders(&path)?;
        }
    }
    Ok(())
}

fn compressed(bytes: &[u8]) -> Result<Vec<u8>> {
    use std::io::Write;
    let mut writer = flate2::GzBuilder::new().write(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes)?;
    Ok(writer.finish()?)
}

/// What dpkg compares installed files with: sums by MD5, which the tool that made the package writes.
fn sums(tree: &Path) -> Result<String> {
    let mut command = Command::new("md5sum");
    command.current_dir(tree);
    for path in files(tree)? {
        command.arg(path.strip_prefix(tree)?);
    }
    Ok(shell::ask(&mut command)? + "\n")
}

/// The C library that the program was linked against: the newest of the versions that its symbols name. None: it needs no library.
fn libc(program: &[u8]) -> String {
    let newest = versions(program).max();
    newest.map_or_else(
        || "libc6".into(),
        |(major, minor)| format!("libc6 (>= {major}.{minor})"),
    )
}

fn versions(program: &[u8]) -> impl Iterator<Item = (u32, u32)> {
    const MARK: &[u8] = b"GLIBC_";
    let places = program.windows(MARK.len()).enumerate();
    let places = places.filter(|(_, window)| *window == MARK);
    places.filter_map(|(at, _)| {
        let rest = &program[at + MARK.len()..];
        let end = rest
            .iter()
            .position(|byte| !(byte.is_ascii_digit() || *byte == b'.'))?;
        let text = std::str::from_utf8(&rest[..end]).ok()?;
        let mut numbers = text.split('.').map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    })
}

#[cfg(test)]
mod test {
    #[test]
    fn the_newest_library_that_is_asked_for_is_what_the_package_needs() {
        let program = b"..\0GLIBC_2.2.5\0GLIBC_2.34\0x\0GLIBC_2.9\0GLIBC_PRIVATE\0";
        assert_eq!(super::libc(program), "libc6 (>= 2.34)");
        assert_eq!(super::libc(b"nothing"), "libc6");
    }
}
