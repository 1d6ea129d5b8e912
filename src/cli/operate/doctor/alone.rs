//! What the doctor can look at where no Wharf can be asked: the settings, the data folder, the ports. Starts nothing.

use super::super::fault::Fault;
use crate::config::{Settings, variables};
use crate::ops::doctor::finding::{Finding, Report};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

/// Why Wharf was not asked, and what else there is to see.
pub(super) fn examine(unasked: &Fault, config: Option<&Path>) -> Report {
    let remedy = unasked.next().unwrap_or_default();
    let keyless = matches!(unasked, Fault::Keyless);
    let says = if keyless { format!("it was not asked: {unasked}") } else { unasked.to_string() };
    let mut findings = vec![Finding::fail("wharf", "", says, remedy)];
    match Settings::load(config, variables()) {
        Ok(settings) => {
            findings.push(Finding::ok("settings", &settings.origin, "they are valid"));
            findings.extend(
                settings
                    .warnings
                    .iter()
                    .map(|warning| Finding::warn("settings", "", warning.to_string(), "see `wharf check`")),
            );
            findings.push(folder(&settings.storage.path));
            findings.push(port("server.listen", settings.server.listen));
            findings.push(port("server.ops_listen", settings.server.ops_listen));
        }
        Err(faults) => findings.extend(faults.0.iter().map(|fault| {
            let says = fault.to_string().lines().map(str::trim).collect::<Vec<_>>().join("; ");
            Finding::fail("settings", "", says, "mend it; `wharf check` shows the same")
        })),
    }
    Report::of(findings)
}

fn folder(path: &Path) -> Finding {
    let shown = path.display().to_string();
    if !path.exists() {
        return Finding::ok("disk", &shown, "the data folder is not there yet: the first start makes it");
    }
    match tempfile::tempfile_in(path) {
        Ok(_) => Finding::ok("disk", &shown, "the data folder can be written to"),
        Err(error) => {
            let remedy = "give it to the user that Wharf runs as";
            Finding::fail("disk", &shown, format!("the data folder cannot be written to: {error}"), remedy)
        }
    }
}

fn port(setting: &str, address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok("port", setting, format!("{address} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            let remedy = "if that is Wharf, name its address with --ops; else stop what uses it";
            Finding::warn("port", setting, format!("something listens at {address}"), remedy)
        }
        Err(error) => {
            Finding::fail("port", setting, format!("{address} cannot be used: {error}"), "set another address")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::doctor::finding::Level;

    fn levels(report: &Report) -> Vec<(&str, Level)> {
        report.findings.iter().map(|finding| (finding.check.as_str(), finding.level)).collect()
    }

    #[test]
    fn without_a_wharf_settings_folder_and_ports_are_looked_at() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
        let taken_at = taken.local_addr().expect("an address");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("wharf.toml");
        let text = format!(
            "[server]\nlisten = \"{taken_at}\"\nops_listen = \"127.0.0.1:0\"\n[storage]\npath = {:?}\n[[gateway]]\nuri = \"main\"\n\
             whatsapp_token = \"t\"\napp_secret = \"s\"\nverify_token = \"v\"\n[[gateway.route]]\nname = \"a\"\n\
             url = \"http://127.0.0.1:1\"\nsecret = \"s\"\n[[key]]\nname = \"k\"\nsecret = \"0123456789012345678901234\"\nscopes = [\"admin\"]\n",
            folder.path()
        );
        std::fs::write(&file, text).expect("a file");
        let report = examine(&Fault::Keyless, Some(&file));
        let expected = [
            ("wharf", Level::Fail),
            ("settings", Level::Ok),
            ("disk", Level::Ok),
            ("port", Level::Warn),
            ("port", Level::Ok),
        ];
        assert_eq!(levels(&report), expected, "{report:?}");
    }

    #[test]
    fn faults_of_the_settings_are_told_one_by_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("wharf.toml");
        std::fs::write(&file, "[server]\nlisten = 1\n").expect("a file");
        let report = examine(&Fault::Keyless, Some(&file));
        assert_eq!(levels(&report), [("wharf", Level::Fail), ("settings", Level::Fail), ("settings", Level::Fail)]);
        assert!(report.findings[2].says.contains("server.listen"), "{report:?}");
    }
}
