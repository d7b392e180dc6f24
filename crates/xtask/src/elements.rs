//! What wrappers know of the custom elements, written out of their manifest (`crates/runtime/package/custom-elements.json`): names
//! for programs, and types. What the manifest says is held against the elements themselves by a test.

use std::fmt::Write;

use anyhow::{Context, Result};
use serde_json::Value;

/// The two files, for programs and for the compiler.
pub struct Written {
    pub script: String,
    pub types: String,
}

const SCRIPT_OPENING: &str =
    "// Attributes, properties and events of the custom elements, out of custom-elements.json.\n";
const TYPES_OPENING: &str =
    "// What the custom elements take and tell, out of custom-elements.json.\n\n";

/// What events tell; the manifest names these types.
const DETAILS: &str = "\
export interface PresenceDetail {
  readonly for: string;
  readonly word: string;
  readonly since?: number;
  readonly note?: string;
  readonly stale: boolean;
}

export interface PresenceChangeDetail extends PresenceDetail {
  readonly previous: string;
}

export interface PresenceErrorDetail {
  readonly for: string;
  readonly code: string;
}

export interface UnreadDetail {
  readonly to: string;
  readonly unread: number;
}
";

pub fn write(manifest: &str) -> Result<Written> {
    let manifest: Value = serde_json::from_str(manifest).context("custom-elements.json")?;
    let classes = manifest["modules"][0]["declarations"].as_array();
    let mut script = format!("{SCRIPT_OPENING}export const elements = {{\n");
    let mut types = format!("{TYPES_OPENING}{DETAILS}");
    let mut tags = String::new();
    let mut by_name = String::new();
    for class in classes.context("the manifest declares nothing")? {
        let (name, tag) = (word(class, "name")?, word(class, "tagName")?);
        let mut attributes = Vec::new();
        let mut props = String::new();
        for attribute in list(class, "attributes") {
            let name = word(attribute, "name")?;
            attributes.push(format!("\"{name}\""));
            prop(&mut props, attribute, name)?;
        }
        let mut properties = Vec::new();
        let mut members = String::new();
        for member in list(class, "members") {
            let name = word(member, "name")?;
            if member["kind"] == "method" {
                writeln!(members, "  {name}(): void;")?;
                continue;
            }
            let text = member["type"]["text"]
                .as_str()
                .context("a field has a type")?;
            let readonly = member["readonly"] == true;
            let access = if readonly { "readonly " } else { "" };
            // An attribute that is not there reads as an empty text.
            let text = if member["reflects"] == true {
                "string"
            } else {
                text
            };
            writeln!(members, "  {access}{name}: {text};")?;
            if !readonly && member["reflects"] != true {
                properties.push(format!("\"{name}\""));
                prop(&mut props, member, name)?;
            }
        }
        let (mut events, mut handlers) = (Vec::new(), String::new());
        for event in list(class, "events") {
            let kind = word(event, "name")?;
            let text = event["type"]["text"]
                .as_str()
                .context("an event has a type")?;
            let handler = handler(kind);
            events.push(format!("{handler}: \"{kind}\""));
            handlers.push_str(&remark(event));
            writeln!(handlers, "  {handler}?: (event: {text}) => void;")?;
        }
        writeln!(
            script,
            "  \"{tag}\": {{ attributes: [{}], properties: [{}], events: {{ {} }} }},",
            attributes.join(", "),
            properties.join(", "),
            events.join(", ")
        )?;
        writeln!(
            types,
            "\nexport interface {name}Props {{\n{props}{handlers}}}"
        )?;
        writeln!(
            types,
            "\nexport interface {name}Element extends HTMLElement {{\n{members}}}"
        )?;
        writeln!(tags, "    \"{tag}\": {name}Element;")?;
        writeln!(
            by_name,
            "  \"{tag}\": {{ attributes: string[]; properties: string[]; events: Record<string, string> }};"
        )?;
    }
    script.push_str("};\n");
    write!(
        types,
        "\ndeclare global {{\n  interface HTMLElementTagNameMap {{\n{tags}  }}\n}}\n\nexport const elements: {{\n{by_name}}};\n"
    )?;
    Ok(Written { script, types })
}

fn list<'a>(class: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    class[name].as_array().into_iter().flatten()
}

fn word<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    let found = value[name].as_str();
    found.with_context(|| format!("{value} has no {name}"))
}

fn prop(props: &mut String, of: &Value, name: &str) -> Result<()> {
    let text = of["type"]["text"]
        .as_str()
        .context("everything has a type")?;
    props.push_str(&remark(of));
    let name = match name.contains('-') {
        true => format!("\"{name}\""),
        false => name.to_owned(),
    };
    let end = if text.ends_with("| undefined") {
        ""
    } else {
        " | undefined"
    };
    writeln!(props, "  {name}?: {text}{end};")?;
    Ok(())
}

fn remark(of: &Value) -> String {
    let said = of["description"].as_str().unwrap_or_default();
    format!("  /** {said} */\n")
}

/// `presence-change` is heard by `onPresenceChange`.
fn handler(event: &str) -> String {
    let mut handler = String::from("on");
    for part in event.split('-') {
        let mut letters = part.chars();
        handler.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        handler.push_str(letters.as_str());
    }
    handler
}

#[cfg(test)]
mod test {
    use std::collections::BTreeSet;

    use super::*;

    const MANIFEST: &str = include_str!("../../runtime/package/custom-elements.json");
    const ELEMENTS: &str = include_str!("../../../www/embed/presence.js");

    /// What stands in the source between this and that, each time.
    fn between(begin: &str, end: char) -> impl Iterator<Item = &'static str> + '_ {
        let parts = ELEMENTS.split(begin).skip(1);
        parts.filter_map(move |part| part.split(end).next())
    }

    fn said(of: &str) -> BTreeSet<String> {
        let manifest: Value = serde_json::from_str(MANIFEST).unwrap();
        let classes = manifest["modules"][0]["declarations"].as_array().unwrap();
        let names = classes.iter().flat_map(|class| list(class, of));
        names
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    }

    fn set(names: impl IntoIterator<Item = impl Into<String>>) -> BTreeSet<String> {
        names.into_iter().map(Into::into).collect()
    }

    #[test]
    fn the_manifest_says_what_the_elements_have_and_nothing_else() {
        let manifest: Value = serde_json::from_str(MANIFEST).unwrap();
        let tags: Vec<_> = manifest["modules"][0]["declarations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|class| class["tagName"].as_str().unwrap())
            .collect();
        let defined: Vec<_> = between("\ndefine(\"", '"').collect();
        assert_eq!(tags, defined);

        let events = between("this.tell(\"", '"').map(str::to_owned).collect();
        assert_eq!(said("events"), events);

        let mut attributes = set(["for", "data-consent", "to", "token-endpoint"]);
        let common = between("names.push(", ')').next().unwrap();
        attributes.extend(
            common
                .split(", ")
                .map(|name| name.trim_matches('"').to_owned()),
        );
        let mut plain = said("attributes");
        plain.retain(|name| !name.starts_with("text-"));
        assert_eq!(plain, attributes);
        for kind in said("attributes") {
            if let Some(kind) = kind.strip_prefix("text-") {
                let of_a_word = ELEMENTS.contains(&format!("{}:", kind.replace('-', "_")));
                let asked = ELEMENTS.contains(&format!("words(\"{kind}\""));
                assert!(of_a_word || asked, "text-{kind}");
            }
        }

        let mut parts: BTreeSet<String> = between("part: \"", '"').map(str::to_owned).collect();
        parts.extend(["text", "name", "label"].map(str::to_owned));
        assert_eq!(said("cssParts"), parts);
        let properties = between("var(", ',').map(str::to_owned).collect();
        assert_eq!(said("cssProperties"), properties);
    }

    #[test]
    fn wrappers_are_told_what_the_manifest_says() {
        let Written { script, types } = write(MANIFEST).unwrap();
        assert!(
            script.contains("\"presence-status\": { attributes: [\"for\", "),
            "{script}"
        );
        assert!(
            script.contains("onUnreadChange: \"unread-change\""),
            "{script}"
        );
        assert!(
            script.contains("properties: [\"tokenProvider\"]"),
            "{script}"
        );
        for line in [
            "  for?: string | undefined;",
            "  onPresenceChange?: (event: CustomEvent<PresenceChangeDetail>) => void;",
            "    \"presence-chat\": PresenceChatElement;",
            "  readonly unread: number;",
            "  open(): void;",
        ] {
            assert!(types.contains(line), "{line}\n{types}");
        }
        assert!(write("{}").is_err());
    }
}
