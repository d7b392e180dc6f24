//! The machine around a page, as far as a test turns its wheels: its clock, whether anybody looks, and one address that does
//! not answer.

use serde_json::json;

use crate::tab::Tab;

/// A clock that can be put forward: readings jump, and timers that are due by then go off.
const CLOCK: &str = r"(() => {
    let ahead = 0, next = 1e9;
    const waiting = new Map();
    const now = performance.now.bind(performance), wall = Date.now;
    const set = window.setTimeout.bind(window), drop = window.clearTimeout.bind(window);
    performance.now = () => now() + ahead;
    Date.now = () => wall() + ahead;
    window.setTimeout = (work, wait = 0, ...rest) => {
        const id = next++;
        const fire = () => { if (waiting.delete(id)) work(...rest); };
        waiting.set(id, { at: performance.now() + wait, fire, real: set(fire, wait) });
        return id;
    };
    window.clearTimeout = id => {
        const timer = waiting.get(id);
        if (timer) { drop(timer.real); waiting.delete(id); } else { drop(id); }
    };
    window.lamplightAhead = by => {
        ahead += by;
        const due = [...waiting.values()].filter(timer => timer.at <= performance.now());
        for (const timer of due) { drop(timer.real); timer.fire(); }
    };
})()";

/// Whether the page is looked at, as the page is told.
const SIGHT: &str = r"(() => {
    let sight = 'visible';
    Object.defineProperty(document, 'visibilityState', { get: () => sight });
    Object.defineProperty(document, 'hidden', { get: () => sight === 'hidden' });
    window.lamplightSight = to => { sight = to; document.dispatchEvent(new Event('visibilitychange')); };
})()";

impl Tab {
    /// From the next page on, time can be put forward.
    pub async fn gets_a_clock(&self) {
        self.on_every_page(CLOCK).await;
    }

    pub async fn minutes_pass(&self, minutes: u32) {
        let by = u64::from(minutes) * 60_000;
        self.script(&format!("window.lamplightAhead({by})")).await;
    }

    /// From the next page on, the page can be hidden.
    pub async fn gets_a_shutter(&self) {
        self.on_every_page(SIGHT).await;
    }

    pub async fn is_hidden(&self, hidden: bool) {
        let to = if hidden { "hidden" } else { "visible" };
        self.script(&format!("window.lamplightSight('{to}')")).await;
    }

    /// From now on no ticket is handed out, so that no line opens, while everything else is there.
    pub async fn gets_no_line(&self) {
        let pattern = json!({ "patterns": [{ "urlPattern": "*/v1/tickets*" }] });
        self.call("Fetch.enable", pattern).await;
    }

    /// What was held up goes on.
    pub async fn gets_lines_again(&self) {
        self.call("Fetch.disable", json!({})).await;
    }
}
