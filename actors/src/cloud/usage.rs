//! How much of its limits Graph says was used: the headers `x-business-use-case-usage` and `x-app-usage`. Knows no
//! HTTP client and no clock.

use serde_json::Value;

use super::json;

/// What such a header says, the worst of all it names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// How much of a limit is used, in percent.
    pub percent: u64,
    /// Minutes until calls are taken again; 0 while they are.
    pub regain_minutes: u64,
}

impl Usage {
    /// Reads either header; what is no JSON object says nothing.
    pub fn read(header: &str) -> Self {
        let mut usage = Self::default();
        if let Ok(told) = serde_json::from_str(header) {
            usage.take(&told);
        }
        usage
    }

    /// An object with figures, or one of them somewhere inside.
    fn take(&mut self, told: &Value) {
        match told {
            Value::Array(elements) => elements.iter().for_each(|element| self.take(element)),
            Value::Object(members) => {
                for (name, value) in members {
                    match name.as_str() {
                        "call_count" | "total_cputime" | "total_time" => self.percent = self.percent.max(whole(value)),
                        "estimated_time_to_regain_access" => {
                            self.regain_minutes = self.regain_minutes.max(whole(value));
                        }
                        _ => self.take(value),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

fn whole(value: &Value) -> u64 {
    let whole = json::whole(value).or_else(|| value.as_f64().map(|figure| figure as i64));
    whole.and_then(|figure| u64::try_from(figure).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_all_use_cases_counts() {
        let header = r#"{"102":[{"type":"whatsapp_business_management","call_count":35,"total_cputime":2,
            "total_time":100,"estimated_time_to_regain_access":0},{"type":"x","estimated_time_to_regain_access":19}]}"#;
        assert_eq!(Usage::read(header), Usage { percent: 100, regain_minutes: 19 });
        let app = r#"{"call_count":28.5,"total_time":"25","total_cputime":7}"#;
        assert_eq!(Usage::read(app), Usage { percent: 28, regain_minutes: 0 });
    }

    #[test]
    fn what_is_no_usage_says_nothing() {
        for odd in ["", "null", "[]", "{", "{\"call_count\":-1}", "{\"call_count\":{}}"] {
            assert_eq!(Usage::read(odd), Usage::default(), "{odd}");
        }
    }
}
