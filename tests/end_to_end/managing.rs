//! A relay under a service manager: it says when it is ready, that it is alive and that it stops, and takes the socket it is given.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use lamplight_tests::outside::http::{Request, call};
use lamplight_tests::outside::{Options, Relay};
use tempfile::TempDir;

#[tokio::test]
async fn the_manager_hears_that_the_relay_is_ready_alive_and_stopping() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).expect("a socket of ours");
    let patience = Some(Duration::from_secs(20));
    manager.set_read_timeout(patience).expect("an open socket");
    let heard = || {
        let mut bytes = [0; 256];
        let length = manager.recv(&mut bytes).expect("a word in time");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    };
    let socket = format!("NOTIFY_SOCKET={}", path.display());
    let options = Options::new().under(&["env", &socket, "WATCHDOG_USEC=400000"]);
    let mut relay = Relay::start(options).await;
    assert_eq!(heard(), "READY=1");
    for _ in 0..3 {
        assert_eq!(heard(), "WATCHDOG=1");
    }
    relay.stop().await;
    let last = std::iter::repeat_with(heard).find(|word| word != "WATCHDOG=1");
    assert_eq!(last.as_deref(), Some("STOPPING=1"));
}

#[tokio::test]
async fn whoever_connects_while_no_relay_runs_is_served_by_the_next_one() {
    let mut relay = Relay::start(Options::new().activated()).await;
    let address = relay.address();
    assert_eq!(relay.get("/healthz").await.status, 200);
    relay.stop().await;
    let question = Request::get("/healthz");
    let asking = tokio::spawn(async move { call(address, &question).await });
    relay.start_again().await;
    let answer = asking.await.expect("a question").expect("an answer");
    assert_eq!(answer.status, 200);
}
