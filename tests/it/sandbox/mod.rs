//! `wharf sandbox` as a process of its own, as clients in any language meet it.

mod clients;

use crate::harness::process::wharf;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};

/// The sandbox's usual token.
const TOKEN: &str = "EAAGsandboxtoken";

/// A running `wharf sandbox`.
struct Process {
    child: Child,
    address: SocketAddr,
    /// The first number of the first account.
    number: String,
}

impl Process {
    /// Starts it with `args`, and waits until it says where it listens and which numbers it has.
    fn start(args: &[&str]) -> Self {
        let usual = ["sandbox", "--listen", "127.0.0.1:0", "--rate", "0", "--send-latency", "0", "--seconds", "60"];
        let mut command = wharf(&[&usual, args].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a process");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let base = lines.find(|line| line.contains("base_url")).expect("it says where it listens");
        let address = base.trim_matches(|c: char| !c.is_ascii_digit()).parse().expect("an address");
        let account = lines.find(|line| line.starts_with("account ")).expect("it says which accounts there are");
        let number = account.split("numbers ").nth(1).and_then(|ids| ids.split(' ').next()).expect("a number");
        let number = number.to_owned();
        // It goes on to speak; whoever does not listen must not stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, number }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
