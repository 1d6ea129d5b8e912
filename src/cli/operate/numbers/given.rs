//! What the steps need to know of a new number, each answer checked as Meta checks it. Asks nobody.

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// The country's calling code.
    CountryCode,
    /// The number without it.
    PhoneNumber,
    /// The display name.
    Name,
    /// How the code is sent.
    Method,
    /// In which language.
    Language,
    /// The code that came.
    Code,
    /// The pin of two-step verification.
    Pin,
    /// The same pin once more: nobody saw what was typed.
    PinAgain,
}

/// What is known so far.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) country_code: Option<String>,
    pub(super) phone_number: Option<String>,
    pub(super) name: Option<String>,
    pub(super) method: Option<&'static str>,
    pub(super) language: Option<String>,
    pub(super) code: Option<String>,
    pub(super) pin: Option<String>,
    pin_again: Option<String>,
}

impl Question {
    /// What people read.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::CountryCode => "Country code, such as 1 or 49: ",
            Self::PhoneNumber => "Phone number without it: ",
            Self::Name => "Display name that customers see: ",
            Self::Method => "Send the code by sms or voice? [sms] ",
            Self::Language => "In which language? [en_US] ",
            Self::Code => "The code that came (empty: send another one): ",
            Self::Pin => "Pin of 6 digits for two-step verification (not shown): ",
            Self::PinAgain => "The same pin once more: ",
        }
    }

    /// The option that says it.
    pub(super) fn flag(self) -> &'static str {
        match self {
            Self::CountryCode => "--country-code",
            Self::PhoneNumber => "--phone-number",
            Self::Name => "--name",
            Self::Method => "--method",
            Self::Language => "--language",
            Self::Code => "--code",
            Self::Pin | Self::PinAgain => "--pin-file",
        }
    }

    /// Whether nobody should see the answer.
    pub(super) fn is_secret(self) -> bool {
        matches!(self, Self::Pin | Self::PinAgain)
    }

    /// What an empty answer means.
    fn usual(self) -> &'static str {
        match self {
            Self::Method => "sms",
            Self::Language => "en_US",
            Self::CountryCode | Self::PhoneNumber | Self::Name | Self::Code | Self::Pin | Self::PinAgain => "",
        }
    }
}

impl Given {
    /// Whether the question is answered.
    pub(super) fn has(&self, question: Question) -> bool {
        match question {
            Question::CountryCode => self.country_code.is_some(),
            Question::PhoneNumber => self.phone_number.is_some(),
            Question::Name => self.name.is_some(),
            Question::Method => self.method.is_some(),
            Question::Language => self.language.is_some(),
            Question::Code => self.code.is_some(),
            Question::Pin => self.pin.is_some(),
            Question::PinAgain => self.pin_again.is_some(),
        }
    }

    /// Takes an answer; the error says what it should be.
    pub(super) fn take(&mut self, question: Question, said: &str) -> Result<(), &'static str> {
        let said = if said.trim().is_empty() { question.usual() } else { said.trim() };
        match question {
            Question::CountryCode => {
                self.country_code = Some(digits(said, 1, 3).ok_or("1 to 3 digits, such as 1 or 49")?)
            }
            Question::PhoneNumber => self.phone_number = Some(digits(said, 4, 14).ok_or("4 to 14 digits")?),
            Question::Name => {
                let is_sound = !said.is_empty() && !said.chars().any(char::is_control);
                self.name =
                    Some(is_sound.then(|| said.to_owned()).ok_or("the name of the business, as customers know it")?);
            }
            Question::Method => self.method = Some(method(said).ok_or("sms or voice")?),
            Question::Language => {
                self.language = Some(is_language(said).then(|| said.to_owned()).ok_or("a language such as en_US")?);
            }
            Question::Code => self.code = Some(digits(said, 6, 6).ok_or("6 digits, as they came")?),
            Question::Pin => self.pin = Some(digits(said, 6, 6).ok_or("6 digits")?),
            Question::PinAgain => {
                if digits(said, 6, 6) != self.pin {
                    self.pin = None;
                    return Err("not the same pin: both are asked for anew");
                }
                self.pin_again.clone_from(&self.pin);
            }
        }
        Ok(())
    }

    /// The pin stood in a file: nobody need repeat it.
    pub(super) fn pin_stands_in_a_file(&mut self) {
        self.pin_again.clone_from(&self.pin);
    }

    /// The code was wrong, or another one comes.
    pub(super) fn forget_code(&mut self) {
        self.code = None;
    }
}

/// Digits alone, of what people write between them.
fn digits(said: &str, least: usize, most: usize) -> Option<String> {
    let rest: String = said.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '+' | '.')).collect();
    let is_sound = (least..=most).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_digit());
    is_sound.then_some(rest)
}

/// As Graph names it.
fn method(said: &str) -> Option<&'static str> {
    ["SMS", "VOICE"].into_iter().find(|method| method.eq_ignore_ascii_case(said))
}

fn is_language(said: &str) -> bool {
    let (language, country) = said.split_once('_').unwrap_or((said, ""));
    let is_language = (2..=3).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_lowercase());
    is_language && (country.is_empty() || (country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_taken_as_people_write_them() {
        let mut given = Given::default();
        for (question, said) in [
            (Question::CountryCode, "+49"),
            (Question::PhoneNumber, "(650) 555-0100"),
            (Question::Name, " Bob's Bikes "),
            (Question::Method, ""),
            (Question::Language, ""),
            (Question::Code, "123-456"),
            (Question::Pin, "000111"),
            (Question::PinAgain, "000111\n"),
        ] {
            assert!(!given.has(question), "{question:?}");
            given.take(question, said).expect("an answer");
            assert!(given.has(question), "{question:?}");
        }
        assert_eq!(given.country_code.as_deref(), Some("49"));
        assert_eq!(given.phone_number.as_deref(), Some("6505550100"));
        assert_eq!(given.name.as_deref(), Some("Bob's Bikes"));
        assert_eq!((given.method, given.language.as_deref()), (Some("SMS"), Some("en_US")));
        assert_eq!((given.code.as_deref(), given.pin.as_deref()), (Some("123456"), Some("000111")));
    }

    #[test]
    fn what_meta_would_refuse_is_asked_again() {
        for (question, said) in [
            (Question::CountryCode, "Germany"),
            (Question::PhoneNumber, "123"),
            (Question::Name, ""),
            (Question::Method, "pigeon"),
            (Question::Language, "English"),
            (Question::Language, "en_us"),
            (Question::Code, "12345"),
            (Question::Pin, "12345x"),
        ] {
            let mut given = Given::default();
            assert!(given.take(question, said).is_err(), "{question:?} {said}");
            assert!(!given.has(question));
        }
    }

    #[test]
    fn another_pin_at_the_second_time_makes_both_be_asked_anew() {
        let mut given = Given::default();
        given.take(Question::Pin, "111111").expect("a pin");
        assert!(given.take(Question::PinAgain, "111112").is_err());
        assert!(!given.has(Question::Pin) && !given.has(Question::PinAgain));
    }
}
