//! One tab and the person before it: sees what assistive technology sees, acts with mouse and keyboard only, and waits.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use chromiumoxide::Page;
use chromiumoxide::cdp::browser_protocol::log::EventEntryAdded;
use chromiumoxide::cdp::js_protocol::runtime::{EventConsoleApiCalled, EventExceptionThrown};
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::cdp;
use crate::chromium::Chromium;
use crate::keys;
use crate::tree::{Name, Node, Tree};

/// What should come at once, on a machine that is busy.
pub const SOON: Duration = Duration::from_secs(15);
/// What a hand that slipped waits before it tries again.
const MOMENT: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(50);

#[derive(Clone)]
pub struct Tab {
    pub name: String,
    pub context: Option<String>,
    /// Lives at least as long as its tabs.
    _browser: Chromium,
    page: Page,
    complaints: Arc<Mutex<Vec<String>>>,
}

impl Tab {
    pub async fn new(name: &str, page: Page, context: Option<String>, browser: Chromium) -> Self {
        let tab = Self {
            name: name.into(),
            context,
            _browser: browser,
            page,
            complaints: Arc::default(),
        };
        tab.listen().await;
        tab.size(1280, 800).await;
        // Every person thinks that theirs is the window in front.
        tab.call(
            "Emulation.setFocusEmulationEnabled",
            json!({ "enabled": true }),
        )
        .await;
        tab
    }

    /// Collects what the page's console complains of.
    async fn listen(&self) {
        let page = &self.page;
        let mut console = page
            .event_listener::<EventConsoleApiCalled>()
            .await
            .expect("a listener");
        let mut thrown = page
            .event_listener::<EventExceptionThrown>()
            .await
            .expect("a listener");
        let mut entries = page
            .event_listener::<EventEntryAdded>()
            .await
            .expect("a listener");
        let into = self.complaints.clone();
        let add = move |text: String| into.lock().expect("no holder panics").push(text);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    Some(event) = console.next() => {
                        let kind = format!("{:?}", event.r#type);
                        if matches!(kind.as_str(), "Error" | "Assert") {
                            let words: Vec<String> = event.args.iter().map(|arg| {
                                arg.value.as_ref().map(Value::to_string)
                                    .or_else(|| arg.description.clone()).unwrap_or_default()
                            }).collect();
                            add(format!("console: {}", words.join(" ")));
                        }
                    }
                    Some(event) = thrown.next() => {
                        let details = &event.exception_details;
                        let what = details.exception.as_ref().and_then(|e| e.description.clone());
                        add(format!("exception: {} {}", details.text, what.unwrap_or_default()));
                    }
                    Some(event) = entries.next() => {
                        let entry = &event.entry;
                        let source = format!("{:?}", entry.source);
                        let level = format!("{:?}", entry.level);
                        // A relay that is away or says no is no fault of the page.
                        if level == "Error" && source != "Network" {
                            add(format!("{source}: {}", entry.text));
                        }
                    }
                    else => return,
                }
            }
        });
        self.call("Log.enable", json!({})).await;
        self.call("Runtime.enable", json!({})).await;
        self.call("Accessibility.enable", json!({})).await;
        self.call("DOM.enable", json!({})).await;
        self.call("Page.enable", json!({})).await;
    }

    /// What the console has complained of so far.
    pub fn complaints(&self) -> Vec<String> {
        self.complaints.lock().expect("no holder panics").clone()
    }

    /// Any command of the protocol.
    pub async fn call(&self, method: &'static str, params: Value) -> Value {
        match cdp::call(&self.page, method, params).await {
            Ok(answer) => answer,
            Err(error) => panic!("{}: {error}", self.name),
        }
    }

    /// The same, where a failure is an answer too.
    pub async fn try_call(&self, method: &'static str, params: Value) -> Result<Value, String> {
        cdp::call(&self.page, method, params).await
    }

    // Going places.

    pub async fn open(&self, url: &str) {
        self.call("Page.navigate", json!({ "url": url })).await;
    }

    pub async fn reload(&self) {
        self.call("Page.reload", json!({})).await;
    }

    pub async fn size(&self, width: u32, height: u32) {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", metrics)
            .await;
    }

    // Seeing.

    /// The page as it is now.
    pub async fn tree(&self) -> Tree {
        // While a page is replaced by another there is none.
        match self
            .try_call("Accessibility.getFullAXTree", json!({}))
            .await
        {
            Ok(answer) => Tree::read(&answer),
            Err(_) => Tree::default(),
        }
    }

    /// What stands in the frame that the page shows, of several in the one that came last.
    pub async fn tree_in_frame(&self) -> Tree {
        let frame = self.frame().await;
        match self
            .try_call("Accessibility.getFullAXTree", json!({ "frameId": frame }))
            .await
        {
            Ok(answer) => Tree::read(&answer),
            Err(_) => Tree::default(),
        }
    }

    /// A world of one's own beside the frame's scripts, with its document.
    pub async fn world_in_frame(&self) -> Option<i64> {
        let ask = json!({ "frameId": self.frame().await, "worldName": "tests" });
        let world = self.call("Page.createIsolatedWorld", ask).await;
        world["executionContextId"].as_i64()
    }

    async fn frame(&self) -> Value {
        let frames = self.call("Page.getFrameTree", json!({})).await;
        let frames = frames["frameTree"]["childFrames"].as_array();
        let frame = frames.and_then(|frames| frames.last());
        frame.map_or(Value::Null, |frame| frame["frame"]["id"].clone())
    }

    /// Waits for a text in the frame.
    pub async fn reads_in_frame(&self, text: &str) {
        let begun = Instant::now();
        loop {
            let found = self.tree_in_frame().await;
            if found.text().contains(text) {
                return;
            }
            if begun.elapsed() > SOON {
                let frame = found.print();
                self.fail(&format!("did not read {text:?} in the frame:\n{frame}"))
                    .await;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until a text does not stand in the frame.
    pub async fn sees_no_in_frame(&self, text: &str) {
        let begun = Instant::now();
        while self.tree_in_frame().await.text().contains(text) {
            if begun.elapsed() > SOON {
                self.fail(&format!("still read {text:?} in the frame"))
                    .await;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// A click on something in the frame.
    pub async fn click_in_frame(&self, role: &str, name: &str) {
        let begun = Instant::now();
        loop {
            let found = self.tree_in_frame().await;
            let place = match found.one(role, name.into()) {
                Some(node) => self.place_of(node).await,
                None => Err("it is not there".into()),
            };
            match place {
                Ok((x, y)) => return self.click_at(x, y).await,
                Err(why) if begun.elapsed() > SOON => {
                    self.fail(&format!("cannot click {role} {name:?} in the frame: {why}"))
                        .await;
                }
                Err(_) => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    /// What `look` finds on the page, as soon as it finds something; and how long that took.
    pub async fn within<T>(
        &self,
        bound: Duration,
        what: &str,
        look: impl Fn(&Tree) -> Option<T>,
    ) -> (T, Duration) {
        let begun = Instant::now();
        loop {
            let tree = self.tree().await;
            if let Some(found) = look(&tree) {
                return (found, begun.elapsed());
            }
            if begun.elapsed() > bound {
                self.fail(&format!("did not see within {bound:?}: {what}"))
                    .await;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Whether the page comes to this in a moment, where it need not.
    pub async fn comes_to(&self, look: impl Fn(&Tree) -> bool) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < MOMENT {
            if look(&self.tree().await) {
                return true;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        false
    }

    pub async fn until<T>(&self, what: &str, look: impl Fn(&Tree) -> Option<T>) -> T {
        self.within(SOON, what, look).await.0
    }

    /// Waits for one thing.
    pub async fn sees<'a>(&self, role: &str, name: impl Into<Name<'a>>) -> Node {
        self.sees_within(SOON, role, name).await.0
    }

    pub async fn sees_within<'a>(
        &self,
        bound: Duration,
        role: &str,
        name: impl Into<Name<'a>>,
    ) -> (Node, Duration) {
        let name = name.into();
        let what = format!("{role} {name:?}");
        self.within(bound, &what, |tree| tree.one(role, name).cloned())
            .await
    }

    /// Waits until there is no such thing.
    pub async fn sees_no<'a>(&self, role: &str, name: impl Into<Name<'a>>) {
        let name = name.into();
        let what = format!("no {role} {name:?}");
        self.until(&what, |tree| tree.one(role, name).is_none().then_some(()))
            .await;
    }

    /// Waits for a text anywhere.
    pub async fn reads(&self, text: &str) {
        let what = format!("the text {text:?}");
        self.until(&what, |tree| tree.text().contains(text).then_some(()))
            .await;
    }

    /// Ends the test with a sentence, the page in words and a picture of it.
    pub async fn fail(&self, what: &str) -> ! {
        let picture = self
            .picture(&format!("failed-{}-{}", self.name, std::process::id()))
            .await;
        let tree = self.tree().await;
        panic!(
            "{} {what}\npicture: {}\nconsole: {:#?}\n{}",
            self.name,
            picture.display(),
            self.complaints(),
            tree.print()
        );
    }

    /// A picture of what is in the window, under `target/browser`.
    pub async fn picture(&self, name: &str) -> PathBuf {
        let folder = pictures();
        let _ = std::fs::create_dir_all(&folder);
        let path = folder.join(format!("{name}.png"));
        self.picture_at(&path).await;
        path
    }

    pub async fn picture_at(&self, path: &std::path::Path) {
        let shot = self
            .try_call("Page.captureScreenshot", json!({ "format": "png" }))
            .await;
        let data = shot
            .ok()
            .and_then(|shot| shot["data"].as_str().map(str::to_owned));
        let bytes = data.and_then(|data| base64::prelude::BASE64_STANDARD.decode(data).ok());
        if let Some(bytes) = bytes {
            let _ = std::fs::write(path, bytes);
        }
    }

    // Acting.

    /// A click in the middle of a thing, once it is there and nothing lies over it.
    pub async fn click<'a>(&self, role: &str, name: impl Into<Name<'a>>) {
        let name = name.into();
        let begun = Instant::now();
        loop {
            let node = self.sees(role, name).await;
            let place = match node.is("disabled") {
                true => Err("it is disabled".to_owned()),
                false => self.place_of(&node).await,
            };
            match place {
                Ok((x, y)) => return self.click_at(x, y).await,
                Err(why) if begun.elapsed() > SOON => {
                    self.fail(&format!("cannot click {role} {name:?}: {why}"))
                        .await;
                }
                Err(_) => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    /// The same among several of a kind, in the thing of this role whose name begins so.
    pub async fn click_in(&self, around: &str, named: &str, role: &str, name: &str) {
        let begun = Instant::now();
        loop {
            let what = format!("{role} {name:?} in {around} {named:?}");
            let node = self
                .until(&what, |tree| {
                    let all = tree.all(role, name.into());
                    let inside = |node: &&&Node| node.within(around, named);
                    all.iter().find(inside).map(|node| Node::clone(node))
                })
                .await;
            match self.place_of(&node).await {
                Ok((x, y)) => return self.click_at(x, y).await,
                Err(why) if begun.elapsed() > SOON => {
                    self.fail(&format!("cannot click {what}: {why}")).await;
                }
                Err(_) => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    /// What eyes read of a thing.
    pub async fn shown(&self, node: &Node) -> String {
        self.asks(node, "function() { return this.innerText; }")
            .await
    }

    /// What stands in a field, however long.
    pub async fn value_of(&self, node: &Node) -> String {
        self.asks(node, "function() { return this.value; }").await
    }

    async fn asks(&self, node: &Node, question: &str) -> String {
        let object = json!({ "backendNodeId": node.dom });
        let object = self.call("DOM.resolveNode", object).await;
        let ask = json!({
            "objectId": object["object"]["objectId"],
            "functionDeclaration": question,
            "returnByValue": true,
        });
        let answer = self.call("Runtime.callFunctionOn", ask).await;
        answer["result"]["value"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    pub async fn click_at(&self, x: f64, y: f64) {
        let event = |kind: &str, buttons: u32| json!({ "type": kind, "x": x, "y": y, "button": "left", "buttons": buttons, "clickCount": 1 });
        let moved = json!({ "type": "mouseMoved", "x": x, "y": y });
        self.call("Input.dispatchMouseEvent", moved).await;
        self.call("Input.dispatchMouseEvent", event("mousePressed", 1))
            .await;
        self.call("Input.dispatchMouseEvent", event("mouseReleased", 0))
            .await;
    }

    /// Where a click reaches a thing that has come to rest.
    async fn place_of(&self, node: &Node) -> Result<(f64, f64), String> {
        let place = self.place_now(node).await?;
        match self.place_now(node).await? == place {
            true => Ok(place),
            false => Err("it moves".into()),
        }
    }

    /// The middle of a thing, scrolled into the window, if a click there would reach it.
    async fn place_now(&self, node: &Node) -> Result<(f64, f64), String> {
        let dom = node.dom.ok_or("it has no element")?;
        let element = json!({ "backendNodeId": dom });
        self.try_call("DOM.scrollIntoViewIfNeeded", element.clone())
            .await?;
        let quads = self.try_call("DOM.getContentQuads", element).await?;
        let quad: Vec<f64> = quads["quads"][0]
            .as_array()
            .ok_or("it has no place")?
            .iter()
            .filter_map(Value::as_f64)
            .collect();
        let [x1, y1, _, _, x2, y2, ..] = quad[..] else {
            return Err("it has no place".into());
        };
        let (x, y) = (f64::midpoint(x1, x2), f64::midpoint(y1, y2));
        let hit = json!({ "x": x as i64, "y": y as i64, "ignorePointerEventsNone": true });
        let hit = self.try_call("DOM.getNodeForLocation", hit).await?;
        match hit["backendNodeId"].as_i64() {
            Some(found) if self.is_inside(found, dom).await? => Ok((x, y)),
            _ => Err("something lies over it".into()),
        }
    }

    /// Whether a click on the element `inner` is one on `outer`: the same, one inside, or its label.
    async fn is_inside(&self, inner: i64, outer: i64) -> Result<bool, String> {
        if inner == outer {
            return Ok(true);
        }
        let resolve = async |dom: i64| -> Result<Value, String> {
            let object = self
                .try_call("DOM.resolveNode", json!({ "backendNodeId": dom }))
                .await?;
            Ok(object["object"]["objectId"].clone())
        };
        let (inner, outer) = (resolve(inner).await?, resolve(outer).await?);
        let ask = json!({
            "objectId": outer,
            "functionDeclaration":
                "function(hit) { for (let at = hit; at; at = at.parentNode ?? at.host) if (at === this) return true; \
                 return [...(this.labels ?? [])].some(label => label.contains(hit)); }",
            "arguments": [{ "objectId": inner }],
            "returnByValue": true,
        });
        let answer = self.try_call("Runtime.callFunctionOn", ask).await?;
        Ok(answer["result"]["value"] == true)
    }

    /// One key.
    pub async fn press(&self, key: &str) {
        self.chord(0, key).await;
    }

    /// One key with modifiers held.
    pub async fn chord(&self, modifiers: u32, key: &str) {
        for event in keys::press(key, modifiers) {
            self.call("Input.dispatchKeyEvent", event).await;
        }
    }

    /// Types into whatever has the keyboard; a line break is Shift and Enter.
    pub async fn types(&self, text: &str) {
        for letter in text.chars() {
            match letter {
                '\n' => self.chord(keys::SHIFT, "Enter").await,
                _ => self.press(&letter.to_string()).await,
            }
        }
    }

    /// Clicks into a field and replaces what stands there.
    pub async fn fill<'a>(&self, role: &str, name: impl Into<Name<'a>>, text: &str) {
        let name = name.into();
        let begun = Instant::now();
        // A page that is still laid out moves what was aimed at.
        loop {
            self.click(role, name).await;
            if self.sees(role, name).await.is("focused") {
                break;
            }
            if begun.elapsed() > SOON {
                self.fail(&format!(
                    "a click does not bring the keyboard into {role} {name:?}"
                ))
                .await;
            }
        }
        self.chord(keys::CONTROL, "a").await;
        self.press("Backspace").await;
        self.types(text).await;
    }

    /// Runs a script, for what is no part of any test's assertion on the page: clocks, measures, planted faults.
    pub async fn script(&self, source: &str) -> Value {
        self.script_in(None, source).await
    }

    /// The same in another world than the page's own.
    pub async fn script_in(&self, world: Option<i64>, source: &str) -> Value {
        let mut ask = json!({ "expression": source, "returnByValue": true, "awaitPromise": true });
        if let Some(world) = world {
            ask["contextId"] = world.into();
        }
        let answer = self.call("Runtime.evaluate", ask).await;
        let fault = &answer["exceptionDetails"];
        assert!(fault.is_null(), "{}: {source}: {fault}", self.name);
        answer["result"]["value"].clone()
    }

    /// Runs a script before anything of every page that this tab opens from now on.
    pub async fn on_every_page(&self, source: &str) {
        self.call(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": source }),
        )
        .await;
    }

    /// Whether the system asks for dark colours, less motion and the like.
    pub async fn prefers(&self, features: &[(&str, &str)]) {
        let features: Vec<Value> = features
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        self.call(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        )
        .await;
    }
}

/// Where pictures of failures go.
pub fn pictures() -> PathBuf {
    let tests = std::env::current_exe().expect("the path of this test");
    let target = tests.ancestors().nth(3).map(std::path::Path::to_path_buf);
    target.unwrap_or_default().join("browser")
}
