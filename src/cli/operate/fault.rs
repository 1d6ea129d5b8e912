//! Why a command ended without an answer: in words, with what to do next, and as an exit code.

use std::fmt::{Display, Formatter};
use std::io;

/// The exit code where Wharf was not reached.
pub(super) const UNREACHED: u8 = 3;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Fault {
    /// Nobody said who asks.
    Keyless,
    /// The command was not said as it must be.
    Usage(String),
    /// Wharf said no.
    Refused(Refused),
    /// Nobody was reached.
    Unreachable {
        /// Whom it went to.
        url: String,
        /// What happened.
        why: Unreachable,
    },
    /// Somebody answered, but not Wharf.
    Stranger {
        /// Whom it went to.
        url: String,
        /// What was wrong with the answer.
        why: String,
    },
    /// The answer could not be written where it should go.
    Out(io::Error),
}

/// What Wharf, or Meta through it, said instead of yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// The HTTP status.
    pub(super) status: u16,
    /// The stable id, such as `wharf.event.unknown`; Graph's refusals have their number, such as `133016`.
    pub(super) id: String,
    /// The text.
    pub(super) detail: String,
}

/// How far it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unreachable {
    /// Nobody listens there.
    NobodyListens,
    /// The name leads nowhere.
    NoAddress(String),
    /// TLS failed.
    Tls(String),
    /// It took too long, in s.
    Slow(u64),
    /// The connection ended before the answer did.
    Broken(String),
}

impl Fault {
    /// The command was not said as it must be.
    pub(super) fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    /// 1: the answer is no. 2: wrong usage. 3: Wharf cannot be reached.
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) => 1,
            Self::Keyless | Self::Usage(_) => 2,
            Self::Unreachable { .. } | Self::Stranger { .. } => UNREACHED,
            // Whoever read the answer has read enough.
            Self::Out(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Out(_) => 1,
        }
    }

    /// What people are told; `None` where nobody listens any more.
    pub(super) fn said(&self) -> Option<String> {
        if matches!(self, Self::Out(error) if error.kind() == io::ErrorKind::BrokenPipe) {
            return None;
        }
        Some(match self.next() {
            Some(next) => format!("wharf: {self}\n{next}"),
            None => format!("wharf: {self}"),
        })
    }

    /// What to do next.
    pub(super) fn next(&self) -> Option<String> {
        match self {
            Self::Keyless => Some("set WHARF_KEY, or name a file that holds it with --key-file".to_owned()),
            Self::Usage(_) | Self::Out(_) => None,
            Self::Refused(refused) => refused.next().map(str::to_owned),
            Self::Unreachable { why, .. } => Some(why.next().to_owned()),
            Self::Stranger { .. } => Some(
                "is this Wharf? --ops is server.ops_listen, --public is server.listen; a proxy may stand between"
                    .into(),
            ),
        }
    }

    /// Whether it may go by itself, as when Wharf is started anew.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused(refused) => refused.status == 503,
            Self::Keyless | Self::Usage(_) | Self::Stranger { .. } | Self::Out(_) => false,
        }
    }
}

impl Refused {
    fn next(&self) -> Option<&'static str> {
        Some(match (self.id.as_str(), self.status) {
            ("wharf.auth.wrong" | "wharf.auth.missing" | "190", _) => {
                "give a key that this Wharf knows: WHARF_KEY or --key-file; the settings have them under [[key]]"
            }
            ("wharf.gateway.unknown", _) => "a gateway is named by its uri under [[gateway]] in the settings",
            ("wharf.account.unknown", _) => "`wharf accounts` shows those that are",
            ("wharf.event.unknown", _) => "`wharf events WABA` shows those that are kept",
            ("wharf.message.unknown", _) => "`wharf messages WABA` shows those that are kept",
            ("wharf.route.unknown", _) => {
                "`wharf routes WABA` shows those that are; one of a gateway is named GATEWAY/NAME"
            }
            ("wharf.path.unknown", _) => {
                "is --ops the ops listener and --public the public one? an older Wharf does not know this either"
            }
            ("133016", _) => "Meta takes 10 attempts in 72 h for a number: wait, each further one counts too",
            ("133005", _) => "this number has a two-step pin already: give that one, or change it in WhatsApp Manager",
            ("133015", _) => "wait five minutes: the number was deleted just now",
            ("136024" | "136025", _) => "check the code, or have another one sent: `wharf numbers request-code`",
            (_, 503) => "try it again in a moment; if it stays, see /readyz of the ops listener and the log",
            (_, 500) => "the log of Wharf says more",
            (_, _) => return None,
        })
    }
}

impl Unreachable {
    fn next(&self) -> &'static str {
        match self {
            Self::NobodyListens => {
                "is it running? `wharf serve`; the ops listener is server.ops_listen (--ops), the public one server.listen (--public)"
            }
            Self::NoAddress(_) => "check the host name in --ops or --public",
            Self::Tls(_) => {
                "is it http:// there? an authority of your own must be among the machine's (or named by SSL_CERT_FILE)"
            }
            Self::Slow(_) => "is there a firewall between? otherwise see /readyz of the ops listener and the log",
            Self::Broken(_) => "is it https:// there? otherwise see the log of Wharf",
        }
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Keyless => f.write_str("this needs an API key"),
            Self::Usage(text) => f.write_str(text),
            Self::Refused(Refused { detail, id, status }) => write!(f, "{detail} ({id}, {status})"),
            Self::Unreachable { url, why } => write!(f, "{url} cannot be reached: {why}"),
            Self::Stranger { url, why } => write!(f, "{url} answers, but not as Wharf does: {why}"),
            Self::Out(error) => write!(f, "the answer cannot be written: {error}"),
        }
    }
}

impl Display for Unreachable {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NobodyListens => f.write_str("nobody listens there"),
            Self::NoAddress(why) => write!(f, "the name has no address ({why})"),
            Self::Tls(why) => write!(f, "TLS failed ({why})"),
            Self::Slow(seconds) => write!(f, "no answer within {seconds} s"),
            Self::Broken(why) => write!(f, "the connection broke off ({why})"),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Out(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_its_exit_code_and_its_next_step() {
        let refused =
            Refused { status: 401, id: "wharf.auth.wrong".into(), detail: "this key is not known here".into() };
        let refused = Fault::Refused(refused);
        assert_eq!(refused.exit_code(), 1);
        assert_eq!(
            refused.said().expect("words"),
            "wharf: this key is not known here (wharf.auth.wrong, 401)\n\
             give a key that this Wharf knows: WHARF_KEY or --key-file; the settings have them under [[key]]"
        );
        let nobody = Fault::Unreachable { url: "http://127.0.0.1:8081".into(), why: Unreachable::NobodyListens };
        assert_eq!(nobody.exit_code(), 3);
        let said = nobody.said().expect("words");
        assert!(said.contains("nobody listens there\nis it running? `wharf serve`"), "{said}");
        assert_eq!(Fault::usage("say it otherwise").exit_code(), 2);
    }

    #[test]
    fn whoever_reads_no_further_is_told_nothing() {
        let gone = Fault::Out(io::ErrorKind::BrokenPipe.into());
        assert_eq!((gone.exit_code(), gone.said()), (0, None));
        assert_eq!(Fault::Out(io::ErrorKind::StorageFull.into()).exit_code(), 1);
    }
}
