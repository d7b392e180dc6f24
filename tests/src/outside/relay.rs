//! A relay of the test's own: a process on a free loopback port with a folder of its own, that can be killed, stopped and
//! started again on the same data and port. Its log must be clean at the end.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::http::{self, Answer, Request};

/// What the relay prints once it listens, before its address.
const READY: &str = "Lamplight is ready at ";
/// A relay that has not said so by then has failed to start.
const START_WITHIN: Duration = Duration::from_secs(30);

/// How a relay is started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    settings: Vec<(String, String)>,
    origin: Option<String>,
    program: Option<PathBuf>,
    wrapper: Vec<String>,
    is_activated: bool,
    expects_errors: bool,
}

impl Options {
    /// Every default of the relay but the price of a password, which would make the tests slow.
    pub fn new() -> Self {
        Self::default()
            .set("accounts.password_memory", "8 KiB")
            .set("accounts.password_passes", "1")
    }

    /// The bounds on going and the hello, ten to twenty times as fast as by default.
    pub fn quick() -> Self {
        Self::new()
            .set("bounds.hello", "1 s")
            .set("bounds.ping", "1 s")
            .set("bounds.pong", "500 ms")
            .set("bounds.grace", "500 ms")
            .set("bounds.settle", "1 s")
    }

    /// One key of the configuration in its own words.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.settings.retain(|(known, _)| known != key);
        self.settings.push((key.into(), value.into()));
        self
    }

    /// The page is loaded from here, a proxy before the relay. What loopback opens by itself is then opened by hand.
    #[must_use]
    pub fn behind(mut self, origin: &str) -> Self {
        self.origin = Some(origin.into());
        self.set("public_url", origin)
            .set("accounts.sign_up", "open")
            .set("accounts.guests", "open")
    }

    /// Another build of the relay.
    #[must_use]
    pub fn program(mut self, program: &Path) -> Self {
        self.program = Some(program.into());
        self
    }

    /// Runs the relay under another program, such as a tracer.
    #[must_use]
    pub fn under(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// The socket is open before the relay and after it, and given to it, as by a service manager (systemd's `LISTEN_FDS`).
    #[must_use]
    pub fn activated(mut self) -> Self {
        self.is_activated = true;
        // A socket comes as the third open file, and the number of the process is known only inside it.
        let hand_on = "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" \"$@\"";
        self.under(&["sh", "-c", hand_on])
    }

    /// Errors in the log are what this test is about.
    #[must_use]
    pub fn expects_errors(mut self) -> Self {
        self.expects_errors = true;
        self
    }
}

/// A running relay. Dropping it kills it, and fails the test if its log tells of a fault.
pub struct Relay {
    options: Options,
    folder: TempDir,
    address: SocketAddr,
    child: Option<Child>,
    log: Arc<Mutex<String>>,
    /// Held for a relay that is given its socket.
    socket: Option<std::net::TcpListener>,
}

impl Relay {
    /// Starts a relay on a free port with an empty folder.
    pub async fn start(options: Options) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        keep_private(folder.path());
        Self::start_in(options, folder).await
    }

    /// Starts a relay with a folder that holds something already.
    pub async fn start_in(options: Options, folder: TempDir) -> Self {
        let mut relay = Self {
            options,
            folder,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            child: None,
            log: Arc::default(),
            socket: None,
        };
        if relay.options.is_activated {
            let socket = std::net::TcpListener::bind(relay.address);
            let socket = socket.expect("a free port on the loopback");
            relay.address = socket.local_addr().expect("a bound port");
            relay.socket = Some(socket);
        }
        relay.run().await;
        relay
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The origin of the page that browsers are to load.
    pub fn origin(&self) -> String {
        let own = || format!("http://{}", self.address);
        self.options.origin.clone().unwrap_or_else(own)
    }

    /// The folder with everything that lasts.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process: of the wrapper, if there is one.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Everything the relay has written, over all its lives.
    pub fn log(&self) -> String {
        self.log.lock().expect("no holder panics").clone()
    }

    pub async fn call(&self, request: &Request) -> Answer {
        http::call(self.address, request)
            .await
            .unwrap_or_else(|error| panic!("{request:?}: {error}\n{}", self.log()))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(&Request::get(path)).await
    }

    /// A figure of `/metrics`; with labels, the sum.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let text = self.get("/metrics").await.text();
        let values: Vec<f64> = text
            .lines()
            .filter_map(|line| line.strip_prefix(name))
            .filter(|rest| rest.starts_with([' ', '{']))
            .filter_map(|rest| rest.rsplit(' ').next()?.parse().ok())
            .collect();
        (!values.is_empty()).then(|| values.iter().sum())
    }

    /// Kill -9: nothing is flushed, nobody is told.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it again: same data, same port.
    pub async fn start_again(&mut self) {
        assert!(self.child.is_none(), "the relay still runs");
        self.run().await;
    }

    /// SIGTERM, as a system that stops its services sends it; how the relay ended and how long that took.
    pub async fn stop(&mut self) -> (ExitStatus, Duration) {
        let mut child = self.child.take().expect("a running relay");
        let begun = Instant::now();
        signal(child.id(), "TERM");
        loop {
            if let Some(status) = child.try_wait().expect("a child of ours") {
                return (status, begun.elapsed());
            }
            if begun.elapsed() > Duration::from_secs(30) {
                let _ = child.kill();
                panic!("the relay did not stop within 30 s\n{}", self.log());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn run(&mut self) {
        let mut child = self.command().spawn().expect("the relay's program starts");
        let (ready, address) = std::sync::mpsc::channel();
        let output = child.stdout.take().expect("a piped stdout");
        let complaint = child.stderr.take().expect("a piped stderr");
        follow(output, self.log.clone(), Some(ready));
        follow(complaint, self.log.clone(), None);
        self.child = Some(child);
        let begun = Instant::now();
        loop {
            if let Ok(found) = address.try_recv() {
                self.address = found;
                return;
            }
            let child = self.child.as_mut().expect("it was put there above");
            let over = child.try_wait().ok().flatten();
            if over.is_some() || begun.elapsed() > START_WITHIN {
                // What it said last may still be on its way.
                tokio::time::sleep(Duration::from_millis(100)).await;
                panic!("the relay did not start ({over:?}):\n{}", self.log());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn command(&self) -> Command {
        let program = self.options.program.clone().unwrap_or_else(program);
        let mut words = self.options.wrapper.iter();
        let mut command = match words.next() {
            Some(wrapper) => {
                let mut command = Command::new(wrapper);
                command.args(words).arg(program);
                command
            }
            None => Command::new(program),
        };
        command
            .arg("serve")
            .args(["--listen", &self.address.to_string(), "--data"])
            .arg(self.folder.path())
            .current_dir(self.folder.path())
            .stdin(self.stdin())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (key, value) in &self.options.settings {
            let flag = format!("--{}", key.replace(['.', '_'], "-"));
            command.args([&flag, value]);
        }
        command
    }

    /// Nothing, or the socket that is handed on.
    fn stdin(&self) -> Stdio {
        #[cfg(unix)]
        if let Some(socket) = &self.socket {
            let socket = socket.try_clone().expect("an open socket");
            return std::os::fd::OwnedFd::from(socket).into();
        }
        Stdio::null()
    }

    /// What the log must not have in it.
    fn faults(&self) -> Vec<String> {
        let is_fault = |line: &&str| {
            let error = line.contains(" ERROR ") || line.contains("\"level\":\"ERROR\"");
            line.contains("panicked at") || (error && !self.options.expects_errors)
        };
        self.log()
            .lines()
            .filter(is_fault)
            .map(str::to_owned)
            .collect()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- the relay's log ends with\n{}", tail(&self.log()));
            return;
        }
        let faults = self.faults();
        assert!(
            faults.is_empty(),
            "the relay complained:\n{}",
            faults.join("\n")
        );
    }
}

/// A folder for its owner alone, as the relay makes its own.
pub fn keep_private(folder: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let private = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder, private).expect("a folder of ours");
    }
    #[cfg(not(unix))]
    let _ = folder;
}

/// Sends a signal to a process.
pub fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .status();
    assert!(
        sent.is_ok_and(|status| status.success()),
        "cannot send {name} to {pid}"
    );
}

/// The relay that is tested: named by `LAMPLIGHT_BIN`, else what cargo built last beside this test.
pub fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("LAMPLIGHT_BIN") {
        return named.into();
    }
    let name = format!("lamplight{}", std::env::consts::EXE_SUFFIX);
    let tests = std::env::current_exe().expect("the path of this test");
    let target = tests.ancestors().nth(3).unwrap_or(Path::new("target"));
    let built = ["release", "debug"].map(|profile| target.join(profile).join(&name));
    let newest = built
        .iter()
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
        .max();
    let Some((_, found)) = newest else {
        panic!(
            "there is no relay at {} or {}: run `cargo xtask test end_to_end`, or `cargo build --package lamplight`, or set LAMPLIGHT_BIN",
            built[0].display(),
            built[1].display()
        )
    };
    found.clone()
}

fn follow(
    output: impl Read + Send + 'static,
    log: Arc<Mutex<String>>,
    ready: Option<std::sync::mpsc::Sender<SocketAddr>>,
) {
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let (Some(ready), Some(address)) = (&ready, address_in(&line)) {
                let _ = ready.send(address);
            }
            let mut log = log.lock().expect("no holder panics");
            log.push_str(&line);
            log.push('\n');
        }
    });
}

/// The address that the ready line names; behind a proxy it names the proxy's, and the listening one beside it.
fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once(READY)?;
    let (_, address) = rest.split_once("://")?;
    let end = address.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ':')));
    address[..end.unwrap_or(address.len())].parse().ok()
}

fn tail(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}
