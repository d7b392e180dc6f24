//! The layers of tests, from the cheapest to the one with real browsers. Each can be run alone.

use std::process::Command;

use anyhow::Result;

use crate::page::{self, Kind, Page};
use crate::relay::{self, Build};
use crate::shell;
use crate::suite::Wish;
use crate::wasm::{self, Part};
use crate::workspace::{WASM, Workspace, cargo};
use crate::{counts, dist, package, size, tidy, tools};

const TESTS: &str = "lamplight-tests";
/// The member that holds the parity module, if it is not the library of the tests crate itself.
const PARITY: &str = "lamplight-parity";
const BROWSER_CRATES: [&str; 3] = ["lamplight-embed", "lamplight-runtime", "lamplight-web"];

/// How often the kill test kills when nobody says: enough to notice, short enough for every push.
const KILL_ROUNDS: u32 = 5;

pub struct Layer {
    pub name: &'static str,
    pub about: &'static str,
    pub run: fn(&mut Ground, &Wish) -> Result<()>,
}

/// In the order in which they run.
pub const LAYERS: &[Layer] = &[
    Layer {
        name: "fmt",
        about: "rustfmt would change nothing",
        run: fmt,
    },
    Layer {
        name: "clippy",
        about: "no warning, natively and for the browser",
        run: clippy,
    },
    Layer {
        name: "tidy",
        about: "the rules of the house that no compiler checks",
        run: |ground, _| tidy::check(&ground.workspace),
    },
    Layer {
        name: "unit",
        about: "the crates' own tests",
        run: unit,
    },
    Layer {
        name: "scenes",
        about: "conversations of named people over both machines",
        run: |ground, wish| ground.member_test("scenes", wish),
    },
    Layer {
        name: "model",
        about: "random steps against a naive model",
        run: |ground, wish| ground.member_test("model", wish),
    },
    Layer {
        name: "leak",
        about: "random changes of rules, and nothing reaches whom it is kept from",
        // How much was watched is the point.
        run: |ground, wish| ground.member_test("leak", &wish.with("--nocapture")),
    },
    Layer {
        name: "wire",
        about: "golden bytes, perturbed frames, the examples of PROTOCOL.md",
        run: |ground, wish| ground.member_test("wire", wish),
    },
    Layer {
        name: "parity",
        about: "the same seeds natively and as WebAssembly in Node, equal traces",
        run: parity,
    },
    Layer {
        name: "build",
        about: "the page and the relay that the layers below run",
        run: |ground, _| ground.relay().map(drop),
    },
    Layer {
        name: "size",
        about: "the page gets no heavier, until it is within its budget",
        run: |ground, _| size::judge(ground.page()?),
    },
    Layer {
        name: "counts",
        about: "instructions of the hot paths, against their budgets",
        run: |ground, _| counts::judge(&ground.workspace),
    },
    Layer {
        name: "store",
        about: "what is acknowledged is on disk",
        run: store,
    },
    Layer {
        name: "end_to_end",
        about: "the relay over real sockets",
        run: end_to_end,
    },
    Layer {
        name: "dist",
        about: "the Debian package in a clean root, its unit's line as its user",
        run: distribution,
    },
    Layer {
        name: "runtime",
        about: "scripts in Node against the real relay, by the package for npm",
        run: scripts,
    },
    Layer {
        name: "kill",
        about: "kill -9 under load: nothing lost, nothing twice (--rounds N)",
        // Its counts are the point, and libtest would keep them to itself.
        run: |ground, wish| ground.relay_test("kill", &wish.with("--nocapture")),
    },
    Layer {
        name: "restart",
        about: "a restart under 1,000 agents: nobody is called offline, nothing is lost",
        // Its figures are the point.
        run: |ground, wish| ground.relay_test("restart", &wish.with("--nocapture")),
    },
    Layer {
        name: "browser",
        about: "people in real browsers",
        run: browser,
    },
];

/// What layers share: the workspace, and the page and relay that are built once.
pub struct Ground {
    pub workspace: Workspace,
    page: Option<Page>,
    relay: Option<std::path::PathBuf>,
}

impl Ground {
    pub fn new(workspace: Workspace) -> Self {
        Self {
            workspace,
            page: None,
            relay: None,
        }
    }

    fn page(&mut self) -> Result<&Page> {
        if self.page.is_none() {
            self.page = Some(page::build(&self.workspace, Kind::Release)?);
        }
        Ok(self.page.as_ref().expect("it was built just now"))
    }

    /// The optimised relay with the page inside: the tests run what people run.
    fn relay(&mut self) -> Result<std::path::PathBuf> {
        if let Some(built) = &self.relay {
            return Ok(built.clone());
        }
        self.page()?;
        let page = self.page.as_ref().expect("it was built just now");
        let program = relay::build(&self.workspace, page, Build::Release)?;
        self.relay = Some(program.clone());
        Ok(program)
    }

    fn cargo(&self) -> Command {
        let mut command = Command::new(cargo());
        command.current_dir(&self.workspace.root);
        command
    }

    /// One integration test of the tests crate. A layer without its test is a failure: silence would look like success.
    fn test(&self, name: &str) -> Result<Command> {
        anyhow::ensure!(
            self.workspace.has_test(TESTS, name),
            "{TESTS} has no test target called `{name}`"
        );
        let mut command = self.cargo();
        command.args(["test", "--package", TESTS, "--test", name]);
        Ok(command)
    }

    /// The tests of real browsers, with all that they need.
    pub fn in_browser(&mut self) -> Result<Command> {
        let chromium = tools::chromium()?;
        let axe = tools::axe(&self.workspace)?;
        let bootstrap = tools::bootstrap(&self.workspace)?;
        let mut command = self.test("browser")?;
        command
            .env("LAMPLIGHT_BIN", self.relay()?)
            .env("LAMPLIGHT_AXE", axe)
            .env("LAMPLIGHT_BOOTSTRAP", bootstrap)
            .env("LAMPLIGHT_CHROMIUM", &chromium)
            // The name under which chromiumoxide looks for it.
            .env("CHROME", &chromium);
        Ok(command)
    }

    fn member_test(&mut self, name: &str, wish: &Wish) -> Result<()> {
        let mut command = self.test(name)?;
        shell::call(wish.pass(&mut command))
    }

    fn relay_test(&mut self, name: &str, wish: &Wish) -> Result<()> {
        let mut command = self.test(name)?;
        command.env("LAMPLIGHT_BIN", self.relay()?).env(
            "LAMPLIGHT_KILL_ROUNDS",
            wish.rounds.unwrap_or(KILL_ROUNDS).to_string(),
        );
        shell::call(wish.pass(&mut command))
    }
}

fn fmt(ground: &mut Ground, _: &Wish) -> Result<()> {
    shell::call(ground.cargo().args(["fmt", "--all", "--check"]))
}

fn clippy(ground: &mut Ground, _: &Wish) -> Result<()> {
    let mut native = ground.cargo();
    native.args(["clippy", "--workspace", "--all-targets"]);
    let mut browser = ground.cargo();
    browser.args(["clippy", "--target", WASM]);
    for package in BROWSER_CRATES {
        native.args(["--exclude", package]);
        browser.args(["--package", package]);
    }
    shell::call(native.args(["--", "-D", "warnings"]))?;
    wasm::ensure_target(&ground.workspace)?;
    shell::call(browser.args(["--", "-D", "warnings"]))?;
    let mut frame = ground.cargo();
    frame.args(["clippy", "--target", WASM, "--package", "lamplight-web"]);
    shell::call(frame.args(["--no-default-features", "--", "-D", "warnings"]))
}

fn unit(ground: &mut Ground, wish: &Wish) -> Result<()> {
    let mut crates = ground.cargo();
    crates.args(["test", "--workspace", "--exclude", TESTS]);
    shell::call(wish.pass(&mut crates))?;
    let mut helpers = ground.cargo();
    helpers.args(["test", "--package", TESTS, "--lib"]);
    shell::call(wish.pass(&mut helpers))
}

/// The simulation is compiled for the browser's virtual machine and run in Node beside the native one. The native side is
/// the test target `parity`, which finds module and Node by two variables and runs `tests/wasm/run.mjs`.
fn parity(ground: &mut Ground, wish: &Wish) -> Result<()> {
    let mut command = ground.test("parity")?;
    let workspace = &ground.workspace;
    let package = [PARITY, TESTS]
        .into_iter()
        .find(|package| workspace.has_package(package) && workspace.has_cdylib(package));
    let Some(package) = package else {
        anyhow::bail!("neither {PARITY} nor {TESTS} can be built as a cdylib")
    };
    wasm::ensure_target(workspace)?;
    let module = wasm::build(workspace, package, Part::Library, "wasm-release")?;
    command
        .env("LAMPLIGHT_PARITY_WASM", module)
        .env("LAMPLIGHT_NODE", tools::node()?);
    shell::call(wish.pass(&mut command))
}

fn store(ground: &mut Ground, wish: &Wish) -> Result<()> {
    let strace = tools::strace()?;
    let mut command = ground.test("store")?;
    command
        .env("LAMPLIGHT_BIN", ground.relay()?)
        .env("LAMPLIGHT_STRACE", strace);
    // The figures of a large store are the point, and libtest would keep them to itself.
    shell::call(wish.with("--nocapture").pass(&mut command))
}

fn end_to_end(ground: &mut Ground, wish: &Wish) -> Result<()> {
    let (nginx, haproxy) = (tools::nginx()?, tools::haproxy()?);
    let mut command = ground.test("end_to_end")?;
    command
        .env("LAMPLIGHT_BIN", ground.relay()?)
        .env("LAMPLIGHT_NGINX", nginx)
        .env("LAMPLIGHT_HAPROXY", haproxy);
    shell::call(wish.pass(&mut command))
}

fn distribution(ground: &mut Ground, wish: &Wish) -> Result<()> {
    let program = ground.relay()?;
    let folder = dist::pack(&ground.workspace, &program)?;
    let mut command = ground.test("dist")?;
    command.env("LAMPLIGHT_DIST", folder);
    shell::call(wish.pass(&mut command))
}

fn scripts(ground: &mut Ground, wish: &Wish) -> Result<()> {
    let node = tools::node()?;
    let compiler = tools::typescript(&ground.workspace)?;
    let package = package::build(&ground.workspace)?;
    let mut command = ground.test("runtime")?;
    command
        .env("LAMPLIGHT_BIN", ground.relay()?)
        .env("LAMPLIGHT_NODE", node)
        .env("LAMPLIGHT_TSC", compiler)
        .env("LAMPLIGHT_PACKAGE", package);
    shell::call(wish.pass(&mut command))
}

fn browser(ground: &mut Ground, wish: &Wish) -> Result<()> {
    let mut command = ground.in_browser()?;
    again_for_those_that_failed(wish.pass(&mut command), wish.is_plain())
}

/// Runs tests of real browsers, and those that failed once more by themselves: a browser that got no time on a busy machine is
/// no fault of the page. What passes only then is named, so that nobody takes it for sound.
fn again_for_those_that_failed(command: &mut Command, may_repeat: bool) -> Result<()> {
    let (passed, failed) = shell::watch(command, failed_test)?;
    if passed {
        return Ok(());
    }
    anyhow::ensure!(
        may_repeat && (1..=4).contains(&failed.len()),
        "the browser tests failed {}",
        failed.join(", ")
    );
    shell::note(&format!("once more, alone: {}", failed.join(", ")));
    command
        .args(["--", "--exact", "--test-threads=1"])
        .args(&failed);
    shell::call(command)?;
    println!(
        "UNSTEADY: passed only when run once more: {}",
        failed.join(", ")
    );
    Ok(())
}

/// The name in a line of libtest that says that a test failed.
fn failed_test(line: &str) -> Option<String> {
    let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
    Some(name.to_owned())
}

#[cfg(test)]
mod test {
    use std::collections::BTreeSet;

    use super::LAYERS;

    #[test]
    fn a_failed_test_is_known_by_its_line() {
        let failed = super::failed_test("test story::they_talk ... FAILED");
        assert_eq!(failed.as_deref(), Some("story::they_talk"));
        assert_eq!(super::failed_test("test story::they_talk ... ok"), None);
        assert_eq!(super::failed_test("test result: FAILED. 1 passed"), None);
    }

    #[test]
    fn every_layer_has_a_name_of_its_own() {
        let names: BTreeSet<_> = LAYERS.iter().map(|layer| layer.name).collect();
        assert_eq!(names.len(), LAYERS.len());
    }
}
