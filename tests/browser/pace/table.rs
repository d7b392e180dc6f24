//! What was promised beside what was seen, for people and, as JSON, for scripts.

use serde_json::json;

#[derive(Default)]
pub struct Table(Vec<(String, String, String)>);

impl Table {
    pub fn row(&mut self, what: &str, budget: &str, seen: String) {
        eprintln!("{what}: {seen}");
        self.0.push((what.into(), budget.into(), seen));
    }

    pub fn print(&self) {
        println!("\n| measure | budget | here |\n|---|---|---|");
        for (what, budget, seen) in &self.0 {
            println!("| {what} | {budget} | {seen} |");
        }
    }

    /// Beside what other measurements left.
    pub fn keep(&self) {
        let rows: Vec<_> = self
            .0
            .iter()
            .map(|(what, budget, seen)| json!({ "measure": what, "budget": budget, "seen": seen }))
            .collect();
        let folder = crate::tab::pictures().with_file_name("bench");
        let kept = std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(folder.join("page.json"), json!(rows).to_string()));
        kept.expect("the folder of what is built can be written");
    }
}

/// The middle of what was seen, which one load that was held up does not move.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
