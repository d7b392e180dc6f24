//! What came out: rows with their reference and budget, the median of all runs, as a table and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// How a row is judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Budget {
    None,
    /// At most so much.
    Most(f64),
    /// At least so much.
    Least(f64),
    /// At most so many times the reference.
    Times(f64),
}

/// One figure of one run.
#[derive(Clone, Debug)]
pub struct Row {
    pub stage: &'static str,
    pub name: String,
    pub unit: &'static str,
    pub value: f64,
    /// The raw reference in the same run.
    pub raw: Option<f64>,
    pub budget: Budget,
}

impl Row {
    pub fn new(
        stage: &'static str,
        name: impl Into<String>,
        unit: &'static str,
        value: f64,
    ) -> Self {
        Self {
            stage,
            name: name.into(),
            unit,
            value,
            raw: None,
            budget: Budget::None,
        }
    }

    #[must_use]
    pub fn beside(mut self, raw: f64) -> Self {
        self.raw = Some(raw);
        self
    }

    #[must_use]
    pub fn within(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    fn ratio(&self) -> Option<f64> {
        self.raw
            .filter(|raw| *raw > 0.0)
            .map(|raw| self.value / raw)
    }

    /// Whether the budget is kept; `None` without one.
    pub fn holds(&self) -> Option<bool> {
        match self.budget {
            Budget::None => None,
            Budget::Most(most) => Some(self.value <= most),
            Budget::Least(least) => Some(self.value >= least),
            Budget::Times(times) => Some(self.ratio()? <= times),
        }
    }
}

/// One row for each figure: the medians over all runs, each with the lowest and the highest.
pub struct Report {
    pub rows: Vec<(Row, f64, f64)>,
    pub runs: usize,
}

impl Report {
    pub fn of(runs: &[Vec<Row>]) -> Self {
        let mut rows: Vec<(Row, f64, f64)> = Vec::new();
        for first in runs.iter().flatten() {
            let is_same = |row: &&Row| row.stage == first.stage && row.name == first.name;
            if rows.iter().any(|(row, ..)| is_same(&row)) {
                continue;
            }
            let all: Vec<&Row> = runs.iter().flatten().filter(is_same).collect();
            let mut values: Vec<f64> = all.iter().map(|row| row.value).collect();
            values.sort_by(f64::total_cmp);
            // The ratio is taken within a run, so the reference of the median follows from the median ratio.
            let mut ratios: Vec<f64> = all.iter().filter_map(|row| row.ratio()).collect();
            ratios.sort_by(f64::total_cmp);
            let value = median(&values);
            let row = Row {
                value,
                raw: (!ratios.is_empty()).then(|| value / median(&ratios)),
                ..first.clone()
            };
            rows.push((row, values[0], values[values.len() - 1]));
        }
        Self {
            rows,
            runs: runs.len(),
        }
    }

    pub fn json(&self) -> Value {
        let row = |(row, low, high): &(Row, f64, f64)| {
            json!({
                "stage": row.stage, "name": row.name, "unit": row.unit, "value": row.value,
                "low": low, "high": high, "raw": row.raw, "ratio": row.ratio(), "holds": row.holds(),
            })
        };
        let rows: Vec<Value> = self.rows.iter().map(row).collect();
        json!({ "runs": self.runs, "rows": rows })
    }

    /// As a table of Markdown.
    pub fn table(&self) -> String {
        let mut text = String::from(
            "| stage | figure | median | lowest to highest | raw | ratio | budget | |\n|---|---|---|---|---|---|---|---|\n",
        );
        for (row, low, high) in &self.rows {
            let raw = row.raw.map_or_else(String::new, figure);
            let ratio = row
                .ratio()
                .map_or_else(String::new, |ratio| format!("{ratio:.2}"));
            let budget = match row.budget {
                Budget::None => String::new(),
                Budget::Most(most) => format!("at most {}", figure(most)),
                Budget::Least(least) => format!("at least {}", figure(least)),
                Budget::Times(times) => format!("{times} x raw"),
            };
            let holds = match row.holds() {
                Some(true) => "kept",
                Some(false) => "missed",
                None => "",
            };
            let _ = writeln!(
                text,
                "| {} | {}, {} | {} | {} to {} | {raw} | {ratio} | {budget} | {holds} |",
                row.stage,
                row.name,
                row.unit,
                figure(row.value),
                figure(*low),
                figure(*high),
            );
        }
        text
    }
}

fn median(sorted: &[f64]) -> f64 {
    match sorted {
        [] => 0.0,
        _ if sorted.len() % 2 == 1 => sorted[sorted.len() / 2],
        _ => f64::midpoint(sorted[sorted.len() / 2 - 1], sorted[sorted.len() / 2]),
    }
}

/// Three digits that count, thousands apart.
fn figure(value: f64) -> String {
    if value.abs() < 10.0 {
        return format!("{value:.2}");
    }
    if value.abs() < 100.0 {
        return format!("{value:.1}");
    }
    let whole = format!("{value:.0}");
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole.as_str()),
    };
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    format!("{sign}{}", groups.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_the_median_of_its_runs_and_its_ratio_that_of_the_ratios() {
        let run = |value: f64, raw: f64| {
            let row = Row::new("fan-out", "CPU", "us", value).beside(raw);
            vec![row.within(Budget::Times(2.0))]
        };
        let report = Report::of(&[run(3.0, 1.0), run(4.0, 2.0), run(9.0, 6.0)]);
        let (row, low, high) = &report.rows[0];
        assert_eq!((row.value, *low, *high), (4.0, 3.0, 9.0));
        assert!((row.ratio().unwrap() - 2.0).abs() < 1e-9);
        assert_eq!(row.holds(), Some(true));
    }

    #[test]
    fn figures_read_well() {
        assert_eq!(figure(0.123), "0.12");
        assert_eq!(figure(12.34), "12.3");
        assert_eq!(figure(1_234_567.0), "1,234,567");
        assert_eq!(figure(-123.0), "-123");
    }
}
