//! What follows from an error of Graph's: one table, decided on the code, never on the HTTP status. Knows no queue, no
//! clock and no HTTP client.
//!
//! Meta answers throttles with 400, and 401 also where no token is at fault (138000, 138006); a code that is not in
//! the table is judged by what came with it.

/// What kind of trouble it is, and so who can mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The token or a permission: nothing leaves until an operator gives another, or Graph takes it again.
    Auth,
    /// Perhaps the token: `debug_token` tells.
    AuthSuspected,
    /// The account or the number may not send: nothing leaves until that ends.
    Account,
    /// Too fast: slower at that scope.
    Throttled,
    /// It passes by itself.
    Transient,
    /// This recipient does not get it.
    Recipient,
    /// The request is wrong.
    Request,
    /// The template is wrong, or in a state that does not let it out.
    Template,
    /// A call of management or onboarding; no message is concerned.
    Operation,
}

/// Whom it concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// This request alone.
    Message,
    /// This number and this recipient.
    Pair,
    /// Every message with this template.
    Template,
    /// This number.
    Number,
    /// Every number of the account.
    Account,
    /// Every account that the token serves.
    Token,
    /// Graph as a whole.
    Platform,
}

/// When the same request may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delay {
    /// Not by waiting.
    Never,
    /// After a delay that doubles, this many tries in all.
    Backoff {
        /// Tries in all.
        tries: u8,
    },
    /// Within seconds, at half the rate.
    Rate,
    /// Meta's rule for a pair: 4 to the power of the failures before, in seconds.
    Pair,
    /// Not before this long, in seconds.
    After(u32),
}

/// What follows from an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Verdict {
    /// What kind of trouble it is.
    pub class: Class,
    /// Whom it concerns.
    pub scope: Scope,
    /// When the same request may succeed.
    pub delay: Delay,
}

/// What came with an error's code.
#[derive(Debug, Clone, Copy, Default)]
pub struct Circumstances {
    /// The HTTP status; 0 where there was none.
    pub http_status: u16,
    /// `is_transient`.
    pub is_transient: bool,
    /// Whether `type` says `OAuthException`.
    pub is_oauth: bool,
}

/// Tries for what passes by itself: 0.5 s doubling to 30 s, so five span a quarter of a minute.
const PASSING: Delay = Delay::Backoff { tries: 5 };
/// Tries for media that Meta could not fetch: a server that is down for longer is the application's to mend.
const FETCHING: Delay = Delay::Backoff { tries: 3 };
const MINUTE: u32 = 60;
const HOUR: u32 = 3600;

/// Graph's API permission group.
const PERMISSIONS: std::ops::RangeInclusive<i64> = 200..=299;

use Class::{Account as Acct, Auth, Operation as Ops, Recipient as Rcpt, Request as Req, Template as Tpl};
use Class::{Throttled as Thr, Transient as Trans};
use Delay::{After, Never};

/// Codes that share a verdict. From Meta's pages on Cloud API, group, calling, block and Flow error codes, from those
/// on rate limits and marketing messages, and from Graph's own reference for codes under 1000.
const TABLE: &[(&[i64], Class, Scope, Delay)] = &[
    // Tokens and permissions. 3 comes with HTTP 500 and is no outage.
    (&[0, 3, 102, 190, 131005], Auth, Scope::Token, Never),
    (&[10], Auth, Scope::Account, Never),
    (&[104], Auth, Scope::Token, Never),
    // Accounts and numbers that may not send.
    (&[368, 131031, 131042, 131063, 131064], Acct, Scope::Account, Never),
    (&[33, 131037, 131045, 133010], Acct, Scope::Number, Never),
    // Not this one, though the account is well: payments, calls, groups that are switched off for it.
    (&[131044, 131207, 131214, 131215, 134011, 138000, 138013, 138014], Acct, Scope::Message, Never),
    // Too fast.
    (&[130429], Thr, Scope::Number, Delay::Rate),
    (&[131056], Thr, Scope::Pair, Delay::Pair),
    (&[131048], Thr, Scope::Number, After(15 * MINUTE)),
    (&[4, 17, 32, 613], Thr, Scope::Token, After(MINUTE)),
    (&[80007, 80008], Thr, Scope::Account, After(MINUTE)),
    (&[131208, 138002, 138005], Thr, Scope::Message, PASSING),
    (&[132069], Thr, Scope::Message, After(HOUR)),
    (&[138009, 138012], Thr, Scope::Pair, After(HOUR)),
    (&[133016], Thr, Scope::Number, After(HOUR)),
    // It passes. 131057: the number is being given a higher throughput, a minute at most.
    (&[1, 131000], Trans, Scope::Message, PASSING),
    (&[2, 131016, 133004], Trans, Scope::Platform, PASSING),
    (&[131057], Trans, Scope::Number, After(MINUTE)),
    (&[131053], Trans, Scope::Message, FETCHING),
    (&[134101], Trans, Scope::Template, After(2 * MINUTE)),
    (&[139102, 139103], Trans, Scope::Message, PASSING),
    // A call that broke down is not dialled again by itself.
    (&[138004, 138007, 138019, 138020, 138021, 138022, 138023], Trans, Scope::Message, Never),
    // The request is wrong.
    (
        &[100, 192, 803, 131008, 131009, 131014, 131021, 131051, 131055, 131062, 134100, 135000],
        Req,
        Scope::Message,
        Never,
    ),
    (&[131202, 131204, 131209, 131210, 131212, 131213, 138003, 138017], Req, Scope::Message, Never),
    (&[139200, 2388318, 2388330], Req, Scope::Message, Never),
    // This recipient does not get it.
    (&[130472, 131026, 131030, 131036, 131041, 131020, 138001, 138006], Rcpt, Scope::Message, Never),
    (&[130497, 131047, 131049, 131050, 137000], Rcpt, Scope::Pair, Never),
    // Templates.
    (&[132000, 132005, 132008, 132012, 132018, 132068], Tpl, Scope::Message, Never),
    (&[132001, 132007, 132015, 132016, 134102, 141002], Tpl, Scope::Template, Never),
    // Of inbound items: passed on, nothing is to be done.
    (&[130501, 131035, 131052, 131060, 2593109], Rcpt, Scope::Message, Never),
    // Management and onboarding.
    (&[133015], Ops, Scope::Number, After(5 * MINUTE)),
    (&[2494100], Ops, Scope::Number, After(5 * MINUTE)),
    (&[133000, 133005, 133006, 133008, 133009, 138015, 138018, 138024, 138025], Ops, Scope::Number, Never),
    (&[131059, 131201, 131211, 139100, 139101, 2200, 1752041, 2494191], Ops, Scope::Message, Never),
    (&[139000, 139001, 139002, 139003, 139004, 147001, 147002, 147003, 147004, 147005], Ops, Scope::Message, Never),
    (&[200002, 200005, 200006, 200007, 2388001, 2388012, 2388091, 2388093, 2388103], Ops, Scope::Message, Never),
    (&[2388019, 2388040, 2388047, 2388072, 2388073, 2388293, 2388299], Ops, Scope::Message, Never),
    (&[2593079, 2593085, 2593107, 2593108], Ops, Scope::Message, Never),
    (&[2494164, 2494165, 2494166, 2494167, 2494168, 2494176, 2494177, 2494179], Ops, Scope::Message, Never),
];

/// What follows from `code`; of codes that Meta has not told of, from what came with them.
pub fn verdict(code: Option<i64>, with: Circumstances) -> Verdict {
    code.and_then(known).unwrap_or_else(|| unknown(with))
}

fn known(code: i64) -> Option<Verdict> {
    if PERMISSIONS.contains(&code) {
        return Some(Verdict { class: Auth, scope: Scope::Token, delay: Never });
    }
    let row = TABLE.iter().find(|(codes, ..)| codes.contains(&code));
    row.map(|&(_, class, scope, delay)| Verdict { class, scope, delay })
}

fn unknown(with: Circumstances) -> Verdict {
    let (class, scope, delay) = match with.http_status {
        429 | 500..=599 => (Trans, Scope::Message, PASSING),
        _ if with.is_transient => (Trans, Scope::Message, PASSING),
        401 if with.is_oauth => (Class::AuthSuspected, Scope::Token, Never),
        _ => (Req, Scope::Message, Never),
    };
    Verdict { class, scope, delay }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: i64) -> Verdict {
        // A misleading status: what is known is not judged by it.
        verdict(Some(code), Circumstances { http_status: 503, is_transient: true, is_oauth: true })
    }

    fn all(codes: &[i64], class: Class, scope: Scope, delay: Delay) {
        for code in codes {
            assert_eq!(of(*code), Verdict { class, scope, delay }, "code {code}");
        }
    }

    #[test]
    fn no_code_stands_in_the_table_twice() {
        let mut codes: Vec<i64> = TABLE.iter().flat_map(|(codes, ..)| codes.iter().copied()).collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
        assert!(count > 140, "{count}");
    }

    #[test]
    fn a_fault_of_the_token_holds_what_the_token_serves() {
        all(&[0, 3, 102, 104, 190, 200, 230, 299, 131_005], Class::Auth, Scope::Token, Never);
        all(&[10], Class::Auth, Scope::Account, Never);
        assert_ne!(of(200_002).class, Class::Auth, "a code that only begins with 200");
    }

    #[test]
    fn a_401_without_a_token_fault_is_none() {
        let with = Circumstances { http_status: 401, is_transient: false, is_oauth: true };
        assert_eq!(verdict(Some(138_000), with).class, Class::Account);
        assert_eq!(verdict(Some(138_000), with).scope, Scope::Message);
        assert_eq!(verdict(Some(138_006), with).class, Class::Recipient);
    }

    #[test]
    fn an_account_or_number_that_may_not_send_is_held() {
        all(&[368, 131_031, 131_042, 131_063, 131_064], Class::Account, Scope::Account, Never);
        all(&[33, 131_037, 131_045, 133_010], Class::Account, Scope::Number, Never);
        all(
            &[131_044, 131_207, 131_214, 131_215, 134_011, 138_000, 138_013, 138_014],
            Class::Account,
            Scope::Message,
            Never,
        );
    }

    #[test]
    fn a_throttle_slows_its_own_scope_and_no_other() {
        all(&[130_429], Class::Throttled, Scope::Number, Delay::Rate);
        all(&[131_056], Class::Throttled, Scope::Pair, Delay::Pair);
        all(&[131_048], Class::Throttled, Scope::Number, After(900));
        all(&[4, 17, 32, 613], Class::Throttled, Scope::Token, After(60));
        all(&[80_007, 80_008], Class::Throttled, Scope::Account, After(60));
        all(&[131_208, 138_002, 138_005], Class::Throttled, Scope::Message, Delay::Backoff { tries: 5 });
        all(&[132_069], Class::Throttled, Scope::Message, After(3600));
        all(&[138_009, 138_012], Class::Throttled, Scope::Pair, After(3600));
        all(&[133_016], Class::Throttled, Scope::Number, After(3600));
    }

    #[test]
    fn what_passes_by_itself_is_tried_again() {
        all(&[1, 131_000, 139_102, 139_103], Class::Transient, Scope::Message, Delay::Backoff { tries: 5 });
        all(&[2, 131_016, 133_004], Class::Transient, Scope::Platform, Delay::Backoff { tries: 5 });
        all(&[131_057], Class::Transient, Scope::Number, After(60));
        all(&[131_053], Class::Transient, Scope::Message, Delay::Backoff { tries: 3 });
        all(&[134_101], Class::Transient, Scope::Template, After(120));
        all(&[138_004, 138_007, 138_019, 138_020, 138_021, 138_022, 138_023], Class::Transient, Scope::Message, Never);
    }

    #[test]
    fn a_wrong_request_is_final() {
        all(
            &[
                100, 192, 803, 131_008, 131_009, 131_014, 131_021, 131_051, 131_055, 131_062, 134_100, 135_000,
                131_202, 131_204, 131_209, 131_210, 131_212, 131_213, 138_003, 138_017, 139_200, 2_388_318, 2_388_330,
            ],
            Class::Request,
            Scope::Message,
            Never,
        );
    }

    #[test]
    fn a_recipient_that_does_not_get_it_stops_nobody_else() {
        all(
            &[
                130_472, 131_026, 131_030, 131_036, 131_041, 131_020, 138_001, 138_006, 130_501, 131_035, 131_052,
                131_060, 2_593_109,
            ],
            Class::Recipient,
            Scope::Message,
            Never,
        );
        all(&[130_497, 131_047, 131_049, 131_050, 137_000], Class::Recipient, Scope::Pair, Never);
    }

    #[test]
    fn a_templates_state_concerns_its_template_and_its_content_one_message() {
        all(&[132_000, 132_005, 132_008, 132_012, 132_018, 132_068], Class::Template, Scope::Message, Never);
        all(&[132_001, 132_007, 132_015, 132_016, 134_102, 141_002], Class::Template, Scope::Template, Never);
    }

    #[test]
    fn management_calls_concern_no_message() {
        all(&[133_015, 2_494_100], Class::Operation, Scope::Number, After(300));
        all(
            &[133_000, 133_005, 133_006, 133_008, 133_009, 138_015, 138_018, 138_024, 138_025],
            Class::Operation,
            Scope::Number,
            Never,
        );
        let rest = [131_059, 131_201, 131_211, 139_100, 139_101, 2_200, 1_752_041, 2_494_191];
        let flows = [139_000, 139_001, 139_002, 139_003, 139_004, 147_001, 147_002, 147_003, 147_004, 147_005];
        let migration = [200_002, 200_005, 200_006, 200_007, 2_388_001, 2_388_012, 2_388_091, 2_388_093, 2_388_103];
        let templates = [2_388_019, 2_388_040, 2_388_047, 2_388_072, 2_388_073, 2_388_293, 2_388_299];
        let solutions = [2_593_079, 2_593_085, 2_593_107, 2_593_108];
        let signup = [2_494_164, 2_494_165, 2_494_166, 2_494_167, 2_494_168, 2_494_176, 2_494_177, 2_494_179];
        for codes in [&rest[..], &flows, &migration, &templates, &solutions, &signup] {
            all(codes, Class::Operation, Scope::Message, Never);
        }
    }

    #[test]
    fn a_code_nobody_knows_is_judged_by_what_came_with_it() {
        let judge = |http_status, is_transient, is_oauth| {
            verdict(Some(987_654), Circumstances { http_status, is_transient, is_oauth }).class
        };
        assert_eq!(judge(500, false, false), Class::Transient);
        assert_eq!(judge(429, false, false), Class::Transient);
        assert_eq!(judge(400, true, false), Class::Transient);
        assert_eq!(judge(401, false, true), Class::AuthSuspected);
        assert_eq!(judge(401, false, false), Class::Request);
        assert_eq!(judge(400, false, true), Class::Request);
        assert_eq!(verdict(None, Circumstances::default()).class, Class::Request);
    }
}
