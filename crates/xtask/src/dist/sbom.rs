//! What is inside the program: every package that the relay and its page are made of, as `CycloneDX`, from what cargo resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::shell;
use crate::workspace::{WASM, Workspace, cargo};

/// What is in the program, by the machine that it is built for.
const NATIVE: [&str; 1] = ["lamplight"];
const IN_THE_PAGE: [&str; 2] = ["lamplight-web", "lamplight-runtime"];

pub fn write(workspace: &Workspace) -> Result<Value> {
    let mut bill = Bill::default();
    let host = shell::ask(Command::new(crate::workspace::rustc()).arg("-vV"))?;
    let host = host.lines().find_map(|line| line.strip_prefix("host: "));
    bill.add(
        &resolved(workspace, host.context("rustc names no host")?)?,
        &NATIVE,
    )?;
    bill.add(&resolved(workspace, WASM)?, &IN_THE_PAGE)?;
    bill.checksums = checksums(&std::fs::read_to_string(workspace.root.join("Cargo.lock"))?);
    Ok(bill.json(&workspace.version("lamplight")?))
}

fn resolved(workspace: &Workspace, target: &str) -> Result<Value> {
    let text = shell::ask(
        Command::new(cargo())
            .current_dir(&workspace.root)
            .args(["metadata", "--locked", "--format-version", "1"])
            .args(["--filter-platform", target]),
    )?;
    Ok(serde_json::from_str(&text)?)
}

/// The sums that the lock file has, by name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let mut sums = BTreeMap::new();
    for block in lock.split("[[package]]") {
        let field = |name: &str| {
            let start = format!("{name} = \"");
            let line = block.lines().find_map(|line| line.strip_prefix(&start));
            Some(line?.trim_end_matches('"').to_owned())
        };
        if let (Some(name), Some(version), Some(sum)) =
            (field("name"), field("version"), field("checksum"))
        {
            sums.insert((name, version), sum);
        }
    }
    sums
}

#[derive(Default)]
struct Bill {
    /// Packages by cargo's own identifier.
    packages: BTreeMap<String, Value>,
    needs: BTreeMap<String, BTreeSet<String>>,
    checksums: BTreeMap<(String, String), String>,
}

impl Bill {
    /// Adds packages with everything that they link; what only builds or tests them is not in the program.
    fn add(&mut self, metadata: &Value, roots: &[&str]) -> Result<()> {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let id = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let packages: BTreeMap<String, Value> = list(&metadata["packages"])
            .into_iter()
            .map(|package| (id(&package["id"]), package))
            .collect();
        let nodes: BTreeMap<String, Value> = list(&metadata["resolve"]["nodes"])
            .into_iter()
            .map(|node| (id(&node["id"]), node))
            .collect();
        let mut open: Vec<String> = Vec::new();
        for root in roots {
            let found = packages
                .iter()
                .find(|(_, package)| package["name"] == *root);
            open.push(
                found
                    .with_context(|| format!("no package {root}"))?
                    .0
                    .clone(),
            );
        }
        let mut seen = BTreeSet::new();
        while let Some(next) = open.pop() {
            if !seen.insert(next.clone()) {
                continue;
            }
            let links = list(&nodes[&next]["deps"]).into_iter().filter(|dep| {
                let kinds = list(&dep["dep_kinds"]);
                kinds.iter().any(|kind| kind["kind"].is_null())
            });
            let links: BTreeSet<String> = links.map(|dep| id(&dep["pkg"])).collect();
            open.extend(links.iter().cloned());
            self.packages.insert(next.clone(), packages[&next].clone());
            self.needs.entry(next).or_default().extend(links);
        }
        Ok(())
    }

    fn json(&self, version: &str) -> Value {
        let name = |id: &String| reference(&self.packages[id]);
        let components: Vec<Value> = self
            .packages
            .values()
            .filter(|package| package["name"] != "lamplight")
            .map(|package| self.component(package))
            .collect();
        let dependencies: Vec<Value> = self
            .needs
            .iter()
            .map(|(id, needs)| json!({ "ref": name(id), "dependsOn": needs.iter().map(name).collect::<Vec<_>>() }))
            .collect();
        json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "version": 1,
            "metadata": {
                "component": {
                    "type": "application",
                    "bom-ref": format!("pkg:cargo/lamplight@{version}"),
                    "name": "lamplight",
                    "version": version,
                },
            },
            "components": components,
            "dependencies": dependencies,
        })
    }

    fn component(&self, package: &Value) -> Value {
        let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
        let mut component = json!({
            "type": "library",
            "bom-ref": reference(package),
            "purl": reference(package),
            "name": text("name"),
            "version": text("version"),
            "description": text("description"),
        });
        if let Some(licence) = package["license"].as_str() {
            // Older packages write a slash where SPDX says OR.
            let licence = licence.replace('/', " OR ");
            component["licenses"] = json!([{ "expression": licence }]);
        }
        if let Some(sum) = self.checksums.get(&(text("name"), text("version"))) {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
        }
        component
    }
}

/// The name of a package for the whole world.
fn reference(package: &Value) -> String {
    let text = |key: &str| package[key].as_str().unwrap_or_default();
    format!("pkg:cargo/{}@{}", text("name"), text("version"))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_is_linked_is_in_the_bill_and_what_only_builds_is_not() {
        let package = |name: &str| json!({ "id": name, "name": name, "version": "1.0.0", "license": "MIT/Apache-2.0" });
        let dep = |name: &str, kind: Value| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        let node = |name: &str, deps: Value| json!({ "id": name, "deps": deps });
        let metadata = json!({
            "packages": [package("lamplight"), package("axum"), package("hyper"), package("cc"), package("tempfile")],
            "resolve": { "nodes": [
                node("lamplight", json!([dep("axum", Value::Null), dep("cc", json!("build")), dep("tempfile", json!("dev"))])),
                node("axum", json!([dep("hyper", Value::Null)])),
                node("hyper", json!([])),
                node("cc", json!([])),
                node("tempfile", json!([])),
            ] },
        });
        let mut bill = Bill::default();
        bill.add(&metadata, &["lamplight"]).unwrap();
        bill.checksums =
            checksums("[[package]]\nname = \"hyper\"\nversion = \"1.0.0\"\nchecksum = \"ab12\"\n");
        let written = bill.json("1.0.0");
        let components = written["components"].as_array().unwrap();
        let names: Vec<_> = components
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["axum", "hyper"]);
        assert_eq!(
            components[0]["licenses"][0]["expression"],
            "MIT OR Apache-2.0"
        );
        assert_eq!(components[1]["hashes"][0]["content"], "ab12");
        assert_eq!(written["dependencies"].as_array().unwrap().len(), 3);
    }
}
