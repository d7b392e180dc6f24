//! Chromium processes of the tests: headless, with a profile of their own, killed when dropped.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chromiumoxide::cdp::browser_protocol::target::CreateTargetParams;
use chromiumoxide::{Browser, BrowserConfig};
use futures_util::StreamExt;
use lamplight_tests::outside::relay::signal;
use serde_json::json;
use tempfile::TempDir;

use crate::cdp;
use crate::tab::Tab;

/// What a browser of the tests leaves out: the network of its maker, a sandbox that needs rights, and the throttling of
/// pages that nobody looks at. `ComputedAccessibilityInfo` lets a page be watched for changes of accessible names.
const SWITCHES: &[&str] = &[
    "disable-gpu",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-default-apps",
    "disable-sync",
    "disable-dev-shm-usage",
    "disable-breakpad",
    "disable-hang-monitor",
    "disable-background-timer-throttling",
    "disable-backgrounding-occluded-windows",
    "disable-renderer-backgrounding",
    "metrics-recording-only",
    "password-store=basic",
    "use-mock-keychain",
    "force-color-profile=srgb",
    "lang=en-US",
    "enable-blink-features=ComputedAccessibilityInfo",
    // A frame of another site stays in the process of its page, so that both are read as one. What is kept apart for each site
    // stays apart.
    "disable-site-isolation-trials",
    // A mouse, which a machine without a screen has not.
    "blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
];

/// One browser process with a profile.
#[derive(Clone)]
pub struct Chromium(Arc<Inner>);

struct Inner {
    browser: Browser,
    pid: Option<u32>,
    listening: tokio::task::JoinHandle<()>,
    /// Outlives the process if the test wants to come back to it.
    profile: Arc<TempDir>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.listening.abort();
        if let Some(child) = self.browser.get_mut_child() {
            let _ = child.inner.start_kill();
        }
    }
}

impl Chromium {
    pub async fn launch() -> Self {
        Self::launch_in(Arc::new(TempDir::new().expect("a temporary folder"))).await
    }

    /// Starts a browser on a profile that another process may have used before.
    pub async fn launch_in(profile: Arc<TempDir>) -> Self {
        // What a killed browser leaves behind to keep others out.
        for lock in ["SingletonLock", "SingletonCookie", "SingletonSocket"] {
            let _ = std::fs::remove_file(profile.path().join(lock));
        }
        let config = BrowserConfig::builder()
            .chrome_executable(program())
            .disable_default_args()
            .new_headless_mode()
            .no_sandbox()
            .viewport(None)
            .window_size(1280, 800)
            .user_data_dir(profile.path())
            .args(SWITCHES.to_vec())
            .build()
            .expect("a complete configuration");
        let (mut browser, mut handler) = Browser::launch(config).await.expect("Chromium starts");
        // Messages that the driver cannot read are not ours to judge.
        let listening = tokio::spawn(async move { while handler.next().await.is_some() {} });
        let pid = browser.get_mut_child().and_then(|child| child.inner.id());
        Self(Arc::new(Inner {
            browser,
            pid,
            listening,
            profile,
        }))
    }

    pub fn profile(&self) -> Arc<TempDir> {
        self.0.profile.clone()
    }

    /// A tab of somebody with cookies and storage of their own.
    pub async fn person(&self, name: &str) -> Tab {
        let context = self.context().await;
        self.tab(name, Some(context)).await
    }

    pub async fn context(&self) -> String {
        let made = cdp::ask(&self.0.browser, "Target.createBrowserContext", json!({})).await;
        let made = made.unwrap_or_else(|error| panic!("{error}"));
        made["browserContextId"].as_str().expect("an id").to_owned()
    }

    /// A further tab: in a context, or in the profile itself.
    pub async fn tab(&self, name: &str, context: Option<String>) -> Tab {
        let mut params = CreateTargetParams::new("about:blank");
        params.browser_context_id = context.clone().map(Into::into);
        // Two pages of one window would take the focus and the frames from each other.
        params.new_window = Some(true);
        let page = self.0.browser.new_page(params).await.expect("a new tab");
        Tab::new(name, page, context, self.clone()).await
    }

    /// Kill -9 of the browser and everything it started.
    pub fn kill(&self) {
        let Some(pid) = self.0.pid else { return };
        let children = descendants(pid);
        signal(pid, "KILL");
        for child in children {
            // It may have gone with its parent.
            let _ = std::process::Command::new("kill")
                .args(["-KILL", &child.to_string()])
                .stderr(std::process::Stdio::null())
                .status();
        }
    }
}

/// All processes below this one.
fn descendants(pid: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let tasks = format!("/proc/{pid}/task/{pid}/children");
    let children = std::fs::read_to_string(tasks).unwrap_or_default();
    for child in children
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
    {
        found.push(child);
        found.extend(descendants(child));
    }
    found
}

fn program() -> PathBuf {
    let named = std::env::var_os("LAMPLIGHT_CHROMIUM").or_else(|| std::env::var_os("CHROME"));
    if let Some(named) = named {
        return named.into();
    }
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|candidate: &PathBuf| Path::is_file(candidate));
    found.expect(
        "Chromium on PATH or named by LAMPLIGHT_CHROMIUM; `cargo xtask test browser` installs it",
    )
}
