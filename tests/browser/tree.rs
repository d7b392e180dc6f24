//! The page as assistive technology is told of it: roles, names and states. Tests find things by nothing else.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

/// One thing on the page.
#[derive(Clone, Debug)]
pub struct Node {
    pub role: String,
    pub name: String,
    pub description: String,
    pub value: String,
    /// `checked`, `expanded`, `selected`, `live`, `busy`, ...
    pub states: BTreeMap<String, Value>,
    /// Where the protocol finds the element.
    pub dom: Option<i64>,
    /// Roles and names from the root down to the parent.
    pub inside: Vec<(String, String)>,
}

impl Node {
    pub fn is(&self, state: &str) -> bool {
        match self.states.get(state) {
            Some(Value::Bool(is)) => *is,
            Some(Value::String(is)) => is == "true",
            _ => false,
        }
    }

    /// Whether it stands in something of this role whose name begins so.
    pub fn within(&self, role: &str, name: &str) -> bool {
        self.inside
            .iter()
            .any(|(r, n)| r == role && n.starts_with(name))
    }
}

/// How a name is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Name<'a> {
    Is(&'a str),
    Starts(&'a str),
    Any,
}

pub fn starts(name: &str) -> Name<'_> {
    Name::Starts(name)
}

impl<'a> From<&'a str> for Name<'a> {
    fn from(name: &'a str) -> Self {
        Self::Is(name)
    }
}

impl<'a> From<&'a String> for Name<'a> {
    fn from(name: &'a String) -> Self {
        Self::Is(name)
    }
}

impl Name<'_> {
    pub fn fits(&self, name: &str) -> bool {
        match self {
            Self::Is(wanted) => name == *wanted,
            Self::Starts(wanted) => name.starts_with(wanted),
            Self::Any => true,
        }
    }
}

/// A message as it is read out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// "You", or the other's name.
    pub whose: String,
    pub text: String,
    /// How far one of mine has come, and what stands beside it.
    pub state: String,
}

impl Said {
    fn read(inside: &[Node]) -> Self {
        let (mut text, mut around) = (Vec::new(), Vec::new());
        for node in inside.iter().filter(|node| node.role == "StaticText") {
            match node.within("paragraph", "") {
                true => text.push(node.name.as_str()),
                false => around.push(node.name.trim()),
            }
        }
        let mut around = around.into_iter();
        let head = around.next().unwrap_or_default();
        Self {
            whose: head.split(',').next().unwrap_or_default().to_owned(),
            text: text.concat(),
            state: around.collect::<Vec<_>>().join(" "),
        }
    }
}

/// The whole page in reading order.
#[derive(Clone, Debug, Default)]
pub struct Tree(pub Vec<Node>);

impl Tree {
    /// Reads the answer of `Accessibility.getFullAXTree`.
    pub fn read(answer: &Value) -> Self {
        let raw = answer["nodes"].as_array().cloned().unwrap_or_default();
        let by_id: BTreeMap<&str, &Value> = raw
            .iter()
            .filter_map(|node| Some((node["nodeId"].as_str()?, node)))
            .collect();
        let mut tree = Self::default();
        if let Some(root) = raw.iter().find(|node| node["parentId"].is_null()) {
            tree.walk(root, &by_id, &mut Vec::new());
        }
        tree
    }

    fn walk(
        &mut self,
        raw: &Value,
        by_id: &BTreeMap<&str, &Value>,
        inside: &mut Vec<(String, String)>,
    ) {
        let text = |field: &str| raw[field]["value"].as_str().unwrap_or_default().to_owned();
        let (role, name) = (text("role"), text("name"));
        let shown = raw["ignored"].as_bool() != Some(true);
        if shown {
            let states = raw["properties"].as_array().into_iter().flatten();
            self.0.push(Node {
                role: role.clone(),
                name: name.clone(),
                description: text("description"),
                value: match &raw["value"]["value"] {
                    Value::String(text) => text.clone(),
                    Value::Null => String::new(),
                    other => other.to_string(),
                },
                states: states
                    .filter_map(|state| {
                        Some((
                            state["name"].as_str()?.to_owned(),
                            state["value"]["value"].clone(),
                        ))
                    })
                    .collect(),
                dom: raw["backendDOMNodeId"].as_i64(),
                inside: inside.clone(),
            });
            inside.push((role, name));
        }
        for child in raw["childIds"].as_array().into_iter().flatten() {
            if let Some(child) = child.as_str().and_then(|id| by_id.get(id)) {
                self.walk(child, by_id, inside);
            }
        }
        if shown {
            inside.pop();
        }
    }

    pub fn all(&self, role: &str, name: Name<'_>) -> Vec<&Node> {
        let fits = |node: &&Node| node.role == role && name.fits(&node.name);
        self.0.iter().filter(fits).collect()
    }

    pub fn one(&self, role: &str, name: Name<'_>) -> Option<&Node> {
        self.all(role, name).into_iter().next()
    }

    /// The texts inside the first thing of this role whose name begins so.
    pub fn texts_in(&self, role: &str, name: &str) -> Vec<String> {
        let texts = self.all("StaticText", Name::Any).into_iter();
        let inside = texts.filter(|text| text.within(role, name));
        inside.map(|text| text.name.clone()).collect()
    }

    /// The messages of the open conversation, oldest first.
    pub fn messages(&self) -> Vec<Said> {
        let mut all = Vec::new();
        for (at, node) in self.0.iter().enumerate() {
            if node.role == "article" {
                all.push(Said::read(self.below(at)));
            }
        }
        all
    }

    /// Everything inside the node at this place.
    fn below(&self, at: usize) -> &[Node] {
        let depth = self.0[at].inside.len();
        let rest = &self.0[at + 1..];
        let end = rest.iter().position(|node| node.inside.len() <= depth);
        &rest[..end.unwrap_or(rest.len())]
    }

    /// The names of everything of a role, in order.
    pub fn names(&self, role: &str) -> Vec<String> {
        let all = self.all(role, Name::Any);
        all.into_iter().map(|node| node.name.clone()).collect()
    }

    /// Everything that is read out, as one text.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self
            .0
            .iter()
            .filter(|node| node.role == "StaticText")
            .map(|node| node.name.as_str())
            .collect();
        texts.join(" ")
    }

    /// For people who read a failure: one line per thing that has a name.
    pub fn print(&self) -> String {
        let mut lines = String::new();
        for node in &self.0 {
            if node.role == "InlineTextBox" || (node.name.is_empty() && node.value.is_empty()) {
                continue;
            }
            let indent = "  ".repeat(node.inside.len().min(12));
            let _ = write!(lines, "{indent}{} {:?}", node.role, node.name);
            if node.is("focused") {
                lines.push_str(" (focused)");
            }
            if !node.value.is_empty() {
                let _ = write!(lines, " = {:?}", node.value);
            }
            lines.push('\n');
        }
        lines
    }
}
