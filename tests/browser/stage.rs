//! What every test plays on: a relay and a browser. When the play is over, the page must not have broken its own policy nor
//! complained of anything.

use std::sync::Mutex;

use lamplight_tests::outside::{Options, Relay};

use crate::chromium::Chromium;
use crate::tab::Tab;

pub struct Stage {
    pub relay: Relay,
    pub browser: Chromium,
    tabs: Mutex<Vec<Tab>>,
}

impl Stage {
    pub async fn set(options: Options) -> Self {
        let relay = Relay::start(options).await;
        Self {
            relay,
            browser: Chromium::launch().await,
            tabs: Mutex::default(),
        }
    }

    /// Somebody with cookies and storage of their own, at the door.
    pub async fn visitor(&self, name: &str) -> Tab {
        let tab = self.browser.person(name).await;
        self.watch(&tab);
        tab.open(&self.relay.origin()).await;
        tab
    }

    /// Somebody who has just made an account of this name.
    pub async fn person(&self, name: &str) -> Tab {
        let tab = self.visitor(name).await;
        tab.signs_up(name).await;
        tab
    }

    /// Two people who see each other.
    pub async fn friends(&self, one: &str, other: &str) -> (Tab, Tab) {
        let one = self.person(one).await;
        let other = self.person(other).await;
        other.befriends(&one).await;
        (one, other)
    }

    /// A tab that was made elsewhere is judged in the end as well.
    pub fn watch(&self, tab: &Tab) {
        self.tabs
            .lock()
            .expect("no holder panics")
            .push(tab.clone());
    }

    /// What browsers have reported so far; a relay that is started again begins to count anew.
    pub async fn broke_no_policy(&self) {
        let reports = self.relay.metric("lamplight_csp_reports_total").await;
        assert_eq!(reports, Some(0.0), "reports of a broken policy");
    }

    /// The end of every test.
    pub async fn ends_clean(self) {
        self.broke_no_policy().await;
        for tab in self.tabs.lock().expect("no holder panics").iter() {
            let complaints = tab.complaints();
            assert!(complaints.is_empty(), "{}: {complaints:#?}", tab.name);
        }
    }
}

/// The judge can judge: a planted violation is reported to the relay, and to the console.
#[tokio::test]
async fn a_page_that_breaks_its_policy_is_noticed() {
    let stage = Stage::set(Options::new()).await;
    let tab = stage.visitor("visitor").await;
    tab.sees("textbox", "Name").await;
    tab.script("document.body.setAttribute('style', 'color: red')")
        .await;
    lamplight_tests::outside::eventually("a report and a complaint", || async {
        let reports = stage.relay.metric("lamplight_csp_reports_total").await;
        (reports == Some(1.0) && !tab.complaints().is_empty()).then_some(())
    })
    .await;
    tab.script("console.error('planted')").await;
    lamplight_tests::outside::eventually("a second complaint", || async {
        let planted = |text: &String| text.contains("planted");
        tab.complaints().iter().any(planted).then_some(())
    })
    .await;
}
