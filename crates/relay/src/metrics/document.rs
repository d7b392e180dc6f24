//! The table of figures as a document for people (`docs/METRICS.md`) and as a dashboard for Grafana.

use std::fmt::Write;

use serde_json::{Value, json};

use super::figures::{Figure, Kind, all};

/// Panels in a line of Grafana's grid, which is 24 wide, and their size.
const IN_LINE: usize = 3;
const WIDTH: usize = 24 / IN_LINE;
const HEIGHT: usize = 7;

/// The groups in their order, each with its figures.
fn groups() -> Vec<(&'static str, Vec<&'static Figure>)> {
    let mut groups: Vec<(&str, Vec<&Figure>)> = Vec::new();
    for figure in all() {
        match groups.iter_mut().find(|(name, _)| *name == figure.group) {
            Some((_, figures)) => figures.push(figure),
            None => groups.push((figure.group, vec![figure])),
        }
    }
    groups
}

/// The document.
pub fn reference() -> String {
    let mut text = String::from(HEAD);
    for (group, figures) in groups() {
        let _ = writeln!(
            text,
            "\n## {group}\n\n| figure | kind | what it says | when to worry |\n|---|---|---|---|"
        );
        for figure in figures {
            let label = match figure.label {
                "" => String::new(),
                label => format!("{{{label}}}"),
            };
            let _ = writeln!(
                text,
                "| `lamplight_{}{label}` | {} | {} | {} |",
                figure.name,
                figure.kind.word(),
                figure.help,
                figure.advice
            );
        }
    }
    text
}

const HEAD: &str = "# Figures

Every figure of `/metrics`, as `lamplight metrics doc` writes it. Counters begin at 0 with each start. No figure names a person.
[SELF_HOSTING.md](SELF_HOSTING.md) says how Prometheus gets them; `lamplight metrics grafana` prints a dashboard of all of them, to be
imported as JSON, in which each panel says what stands here.
";

/// The dashboard: a row for each group, a panel for each figure.
pub fn dashboard() -> Value {
    let mut panels = Vec::new();
    let mut y = 0;
    for (group, figures) in groups() {
        panels.push(json!({
            "id": panels.len() + 1,
            "type": "row",
            "title": group,
            "collapsed": false,
            "gridPos": { "x": 0, "y": y, "w": 24, "h": 1 },
        }));
        y += 1;
        for (at, figure) in figures.iter().enumerate() {
            let (x, line) = (at % IN_LINE * WIDTH, at / IN_LINE * HEIGHT);
            panels.push(panel(figure, panels.len() + 1, x, y + line));
        }
        y += figures.len().div_ceil(IN_LINE) * HEIGHT;
    }
    json!({
        "title": "Lamplight",
        "uid": "lamplight",
        "schemaVersion": 39,
        "editable": true,
        "refresh": "30s",
        "time": { "from": "now-6h", "to": "now" },
        "templating": { "list": [
            { "name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus" },
            {
                "name": "instance", "label": "Relay", "type": "query", "datasource": source(),
                "query": "label_values(lamplight_info, instance)", "refresh": 2,
                "includeAll": true, "multi": true, "current": { "text": "All", "value": "$__all" },
            },
        ] },
        "panels": panels,
    })
}

fn source() -> Value {
    json!({ "type": "prometheus", "uid": "${source}" })
}

fn panel(figure: &Figure, id: usize, x: usize, y: usize) -> Value {
    let series = format!("lamplight_{}{{instance=~\"$instance\"}}", figure.name);
    let (query, unit) = match (figure.kind, figure.name) {
        (Kind::Counter, _) => (format!("rate({series}[5m])"), "cps"),
        (Kind::Gauge, "started_seconds") => (format!("{series} * 1000"), "dateTimeAsIso"),
        (Kind::Gauge, name) if name.ends_with("_bytes") => (series, "bytes"),
        (Kind::Gauge, _) => (series, "short"),
    };
    let legend = match figure.label {
        "" => "{{instance}}".to_owned(),
        label => format!("{{{{instance}}}} {{{{{label}}}}}"),
    };
    let title = match figure.kind {
        Kind::Counter => format!("{}, a second", figure.name.trim_end_matches("_total")),
        Kind::Gauge => figure.name.to_owned(),
    };
    json!({
        "id": id,
        "type": "timeseries",
        "title": title.replace('_', " "),
        "description": format!("{}\n\n{}", figure.help, figure.advice),
        "datasource": source(),
        "gridPos": { "x": x, "y": y, "w": WIDTH, "h": HEIGHT },
        "fieldConfig": { "defaults": { "unit": unit, "min": 0 }, "overrides": [] },
        "targets": [{
            "refId": "A",
            "datasource": source(),
            "expr": query,
            "legendFormat": legend,
        }],
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_document_is_what_the_table_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/METRICS.md");
        if std::env::var_os("LAMPLIGHT_BLESS").is_some() {
            std::fs::write(path, reference()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == reference(),
            "docs/METRICS.md is not what `lamplight metrics doc` prints; write it anew with LAMPLIGHT_BLESS=1"
        );
    }

    /// What Grafana refuses or draws wrong: ids that stand twice, panels over each other, queries whose brackets do not close.
    #[test]
    fn the_dashboard_shows_every_figure_once_and_nothing_over_another() {
        let board = dashboard();
        let panels = board["panels"].as_array().unwrap();
        let mut ids = BTreeSet::new();
        let mut taken = BTreeSet::new();
        let mut queries = Vec::new();
        for panel in panels {
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
            let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
            assert!(at("x") + at("w") <= 24, "{panel}");
            for y in at("y")..at("y") + at("h") {
                for x in at("x")..at("x") + at("w") {
                    assert!(taken.insert((x, y)), "{panel}");
                }
            }
            if panel["type"] == "row" {
                continue;
            }
            let query = panel["targets"][0]["expr"].as_str().unwrap();
            for (open, close) in [('(', ')'), ('{', '}'), ('[', ']')] {
                let count = |letter| query.matches(letter).count();
                assert_eq!(count(open), count(close), "{query}");
            }
            queries.push(query.to_owned());
            let about = panel["description"].as_str().unwrap();
            assert!(about.len() > 40, "{panel}");
        }
        for figure in all() {
            let series = format!("lamplight_{}{{", figure.name);
            let shown = queries.iter().filter(|query| query.contains(&series));
            assert_eq!(shown.count(), 1, "{}", figure.name);
        }
        assert_eq!(queries.len(), all().count());
    }
}
