//! What is wrong or doubtful in settings, and where. Knows how to say it, not how it was found.

use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// Where something was typed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Settings as a whole: nothing was typed.
    Settings,
    /// All environment variables together.
    Environment,
    /// One environment variable.
    Variable(String),
    /// A place in a file; line and column count from 1, the column in characters.
    #[serde(untagged)]
    File {
        /// The file as it was named.
        file: Arc<str>,
        /// Its line.
        line: usize,
        /// The column in that line.
        column: usize,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Settings => f.write_str("settings"),
            Place::File { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Place::Environment => f.write_str("environment"),
            Place::Variable(name) => f.write_str(name),
        }
    }
}

/// One thing that keeps Wharf from starting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where it is.
    pub place: Place,
    /// The setting, such as `gateway[0].route[1].url`; lists count from 0. Empty where no one setting is at fault.
    pub path: String,
    /// What stands there; never a secret.
    pub found: String,
    /// What should stand there.
    pub expected: String,
    /// The way out, where more can be said than what is expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)?;
        if !self.path.is_empty() {
            write!(f, "  {}", self.path)?;
        }
        write!(f, "\n     found {}\n     expected {}", self.found, self.expected)?;
        match &self.hint {
            Some(hint) => write!(f, "\n     {hint}"),
            None => Ok(()),
        }
    }
}

/// Everything that keeps Wharf from starting, in the order of its places; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => writeln!(f, "The settings have a fault:")?,
            several => writeln!(f, "The settings have {several} faults:")?,
        }
        for (number, fault) in self.0.iter().enumerate() {
            write!(f, "\n{:>3}. {fault}", number + 1)?;
        }
        Ok(())
    }
}

/// Something doubtful that Wharf starts with all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Where it is.
    pub place: Place,
    /// The setting or its table.
    pub path: String,
    /// What follows from it, and the way out.
    pub text: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}: {}", self.place, self.path, self.text)
    }
}
