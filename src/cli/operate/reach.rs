//! Which Wharf is asked, with which key, and how the answer is shown. Reads options and variables; asks nobody.

use super::fault::Fault;
use clap::Args;
use std::io;
use std::path::{Path, PathBuf};

const OPS: &str = "http://127.0.0.1:8081";
const PUBLIC: &str = "http://127.0.0.1:8080";

/// What every operators' command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which Wharf")]
pub struct Reach {
    /// Its ops listener; else WHARF_OPS, else http://127.0.0.1:8081
    #[arg(long, global = true, value_name = "URL")]
    pub ops: Option<String>,
    /// Its public listener, which `numbers` alone needs; else WHARF_PUBLIC, else http://127.0.0.1:8080
    #[arg(long, global = true, value_name = "URL")]
    pub public: Option<String>,
    /// A file with the API key; else WHARF_KEY, else the file that WHARF_KEY_FILE names
    #[arg(long, global = true, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// The API key itself: others on this machine can read it there, WHARF_KEY or --key-file are better
    #[arg(long, global = true, value_name = "KEY", conflicts_with = "key_file", hide_short_help = true)]
    pub key: Option<String>,
    /// Answer in JSON on standard output: one document, or one a line where something is followed. Times are UTC always
    #[arg(long, global = true)]
    pub json: bool,
}

/// Where Wharf is, and the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The ops listener, without a slash at the end.
    pub(super) ops: String,
    /// The public listener, without a slash at the end.
    pub(super) public: String,
    /// The key.
    pub(super) key: String,
}

impl Reach {
    /// What options and variables say together; options win.
    pub(super) fn resolve(
        &self,
        variable: &dyn Fn(&str) -> Option<String>,
        read: &dyn Fn(&Path) -> io::Result<String>,
    ) -> Result<Place, Fault> {
        let set = |name: &str| variable(name).filter(|text| !text.is_empty());
        let ops = self.ops.clone().or_else(|| set("WHARF_OPS")).unwrap_or_else(|| OPS.to_owned());
        let public = self.public.clone().or_else(|| set("WHARF_PUBLIC")).unwrap_or_else(|| PUBLIC.to_owned());
        let (ops, public) = (base("--ops", &ops)?, base("--public", &public)?);
        let from = |path: &Path| {
            let why =
                |error: io::Error| Fault::usage(format!("the key file {} cannot be read: {error}", path.display()));
            read(path).map_err(why)
        };
        let key = match (&self.key, &self.key_file, set("WHARF_KEY"), set("WHARF_KEY_FILE")) {
            (Some(key), ..) => key.clone(),
            (None, Some(path), ..) => from(path)?,
            (None, None, Some(key), _) => key,
            (None, None, None, Some(path)) => from(Path::new(&path))?,
            (None, None, None, None) => return Err(Fault::Keyless),
        };
        Ok(Place { ops, public, key: whole(key.trim())? })
    }
}

/// A header cannot hold anything else.
fn whole(key: &str) -> Result<String, Fault> {
    match !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(key.to_owned()),
        false => Err(Fault::usage("the API key must be visible ASCII characters on one line")),
    }
}

fn base(option: &str, url: &str) -> Result<String, Fault> {
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let is_sound = |host: &&str| !host.is_empty() && !host.contains(['?', '#', ' ', '@']);
    match host.filter(is_sound) {
        Some(_) => Ok(url.trim_end_matches('/').to_owned()),
        None => Err(Fault::usage(format!("{option} must be a URL such as {OPS}, not {url}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(reach: &Reach, variables: &[(&str, &str)]) -> Result<Place, String> {
        let variable =
            |wanted: &str| variables.iter().find(|(name, _)| *name == wanted).map(|(_, text)| (*text).to_owned());
        let read = |path: &Path| match path.to_str() {
            Some("a-file") => Ok("key-in-a-file\n".to_owned()),
            _ => Err(io::Error::from(io::ErrorKind::NotFound)),
        };
        reach.resolve(&variable, &read).map_err(|fault| fault.to_string())
    }

    #[test]
    fn options_win_over_variables_and_variables_over_the_usual_places() {
        let place = resolve(&Reach::default(), &[("WHARF_KEY", "k")]).expect("a place");
        assert_eq!((place.ops.as_str(), place.public.as_str(), place.key.as_str()), (OPS, PUBLIC, "k"));
        let variables = [("WHARF_OPS", "http://ops/"), ("WHARF_PUBLIC", "https://wa/x"), ("WHARF_KEY_FILE", "a-file")];
        let place = resolve(&Reach::default(), &variables).expect("a place");
        assert_eq!((&*place.ops, &*place.public, &*place.key), ("http://ops", "https://wa/x", "key-in-a-file"));
        let reach = Reach { ops: Some("http://other".into()), key: Some("typed".into()), ..Reach::default() };
        let place = resolve(&reach, &variables).expect("a place");
        assert_eq!((&*place.ops, &*place.key), ("http://other", "typed"));
    }

    #[test]
    fn what_is_missing_or_wrong_is_said_before_anybody_is_asked() {
        let told = resolve(&Reach::default(), &[("WHARF_KEY", "")]).expect_err("no key");
        assert_eq!(told, "this needs an API key");
        let wrong = Reach { ops: Some("127.0.0.1:8081".into()), ..Reach::default() };
        let told = resolve(&wrong, &[("WHARF_KEY", "k")]).expect_err("no URL");
        assert_eq!(told, "--ops must be a URL such as http://127.0.0.1:8081, not 127.0.0.1:8081");
        let unread = Reach { key_file: Some("gone".into()), ..Reach::default() };
        assert!(resolve(&unread, &[]).expect_err("no file").starts_with("the key file gone cannot be read"));
        assert!(resolve(&Reach::default(), &[("WHARF_KEY", "two words")]).is_err());
    }
}
