//! A headless Chromium, driven over its DevTools protocol.
//!
//! **Promise.** What a test does to the page is what a person does: keys, text, clicks; what it sees is what the page
//! shows. The browser reaches nothing but this machine, writes to a folder of its own, and ends with the test.
//! **Bound.** Every wait ends after 20 seconds, with what the page showed.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

const LONGEST: Duration = Duration::from_secs(20);
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A name that leads to this machine and that a browser takes for another one, without the rights of loopback.
pub(crate) const ELSEWHERE: &str = "gateway.test";

/// The browser; none, with a word why, where it is not installed. In a CI run that is a failure.
pub(crate) fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .flat_map(|folder| NAMES.map(|name| folder.join(name)))
        .find(|program| program.is_file());
    if found.is_none() {
        assert!(
            std::env::var_os("CI").is_none_or(|value| value != "true"),
            "CI=true and there is no Chromium; `apt-get install chromium`"
        );
        eprintln!("skipped: there is no Chromium on PATH; `apt-get install chromium`");
    }
    found
}

/// A browser with one page open.
pub(crate) struct Browser {
    process: Child,
    socket: WebSocketStream<TcpStream>,
    page: Option<String>,
    last_id: u64,
    /// What went wrong in the page, in its own words.
    faults: Vec<String>,
    /// The browser writes to it until it has ended.
    _folder: TempDir,
}

impl Browser {
    /// Starts it.
    pub(crate) async fn start(program: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = Command::new(program)
            .args([
                "--headless=new",
                "--remote-debugging-port=0",
                "--no-first-run",
                "--no-sandbox",
            ])
            .args([
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
            ])
            .args([
                "--disable-component-update",
                "--disable-sync",
                "--disable-extensions",
            ])
            .arg(format!(
                "--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
            ))
            .arg(format!("--user-data-dir={}", folder.path().display()))
            .arg("about:blank")
            .env("HOME", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let file = folder.path().join("DevToolsActivePort");
        let begun = Instant::now();
        let (port, path) = loop {
            let text = fs::read_to_string(&file).unwrap_or_default();
            if let Some((port, path)) = text.trim().split_once('\n') {
                break (port.to_owned(), path.to_owned());
            }
            assert!(begun.elapsed() < LONGEST, "the browser does not start");
            sleep(Duration::from_millis(20)).await;
        };
        let stream = TcpStream::connect(format!("127.0.0.1:{port}")).await.unwrap();
        let address = format!("ws://127.0.0.1:{port}{path}");
        let (socket, _) = tokio_tungstenite::client_async(address, stream).await.unwrap();
        let mut browser = Self {
            process,
            socket,
            page: None,
            last_id: 0,
            faults: Vec::new(),
            _folder: folder,
        };
        let target = browser
            .call("Target.createTarget", json!({"url": "about:blank"}))
            .await;
        let attached = browser
            .call(
                "Target.attachToTarget",
                json!({"targetId": target["targetId"], "flatten": true}),
            )
            .await;
        browser.page = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({})).await;
        }
        browser
    }

    /// Opens an address.
    pub(crate) async fn open(&mut self, address: &str) {
        let opened = self.call("Page.navigate", json!({"url": address})).await;
        assert_eq!(opened.get("errorText"), None, "{address}");
    }

    /// What an expression of the page is.
    pub(crate) async fn read(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let answer = self.call("Runtime.evaluate", params).await;
        let fault = answer.get("exceptionDetails");
        assert_eq!(fault, None, "{expression}");
        answer["result"].get("value").cloned().unwrap_or_default()
    }

    /// Waits until an expression of the page is true.
    pub(crate) async fn until(&mut self, expression: &str) {
        let begun = Instant::now();
        // While a page is loaded there may be nothing yet to ask.
        let asked =
            format!("(() => {{ try {{ return Boolean({expression}); }} catch {{ return false; }} }})()");
        while self.read(&asked).await != json!(true) {
            if begun.elapsed() > LONGEST {
                let shown = self.text("body").await;
                panic!(
                    "never: {expression}\nthe page shows:\n{shown}\nfaults: {:?}",
                    self.faults
                );
            }
            sleep(Duration::from_millis(30)).await;
        }
    }

    /// Waits until the page shows a text.
    pub(crate) async fn until_shown(&mut self, text: &str) {
        self.until(&format!("document.body.innerText.includes({})", json!(text)))
            .await;
    }

    /// The text that an element shows.
    pub(crate) async fn text(&mut self, selector: &str) -> String {
        let shown = self
            .read(&format!(
                "document.querySelector({})?.innerText ?? ''",
                json!(selector)
            ))
            .await;
        shown.as_str().unwrap().to_owned()
    }

    /// Puts a text into a field, as typing does.
    pub(crate) async fn write(&mut self, selector: &str, text: &str) {
        self.until(&format!("document.querySelector({})", json!(selector)))
            .await;
        self.read(&format!("document.querySelector({}).focus()", json!(selector)))
            .await;
        self.call("Input.insertText", json!({"text": text})).await;
    }

    /// Presses Enter.
    pub(crate) async fn enter(&mut self) {
        for kind in ["keyDown", "keyUp"] {
            let key = json!({"type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"});
            self.call("Input.dispatchKeyEvent", key).await;
        }
    }

    /// Clicks on the middle of the first element that a selector finds and that shows a text.
    pub(crate) async fn click(&mut self, selector: &str, text: &str) {
        let find = format!(
            "[...document.querySelectorAll({})].find((one) => one.innerText.includes({}) && one.offsetParent)",
            json!(selector),
            json!(text)
        );
        self.until(&find).await;
        let place = self
            .read(&format!(
                "(() => {{ const one = {find}; one.scrollIntoView({{ block: 'center' }}); \
                 const box = one.getBoundingClientRect(); \
                 return {{ x: box.x + box.width / 2, y: box.y + box.height / 2 }}; }})()"
            ))
            .await;
        for kind in ["mousePressed", "mouseReleased"] {
            let click =
                json!({"type": kind, "x": place["x"], "y": place["y"], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", click).await;
        }
    }

    /// Every address that the page can go back to.
    pub(crate) async fn history(&mut self) -> String {
        let history = self.call("Page.getNavigationHistory", json!({})).await;
        let entries = history["entries"].as_array().unwrap().iter();
        entries
            .map(|entry| entry["url"].as_str().unwrap())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Fails if a script of the page failed, or if the page's policy had to stop something.
    pub(crate) async fn expect_no_fault(&mut self) {
        self.read("1").await;
        assert!(self.faults.is_empty(), "{:?}", self.faults);
    }

    async fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let mut request = json!({"id": self.last_id, "method": method, "params": params});
        if let Some(page) = &self.page {
            request["sessionId"] = json!(page);
        }
        self.socket
            .send(Message::text(request.to_string()))
            .await
            .unwrap();
        loop {
            let message = timeout(LONGEST, self.socket.next()).await;
            let message = message.unwrap_or_else(|_| panic!("no answer to {method}"));
            let Message::Text(text) = message.unwrap().unwrap() else {
                continue;
            };
            let mut told: Value = serde_json::from_str(&text).unwrap();
            if told["id"] == json!(self.last_id) {
                assert_eq!(told.get("error"), None, "{method}");
                return told["result"].take();
            }
            self.note_fault(&told);
        }
    }

    fn note_fault(&mut self, told: &Value) {
        let params = &told["params"];
        let entry = &params["entry"];
        // That the network went away is what some tests are about.
        let is_fault = entry["level"] == "error" && entry["source"] != "network";
        match told["method"].as_str() {
            Some("Runtime.exceptionThrown") => self.faults.push(params["exceptionDetails"].to_string()),
            Some("Log.entryAdded") if is_fault => self.faults.push(entry.to_string()),
            _ => {}
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
