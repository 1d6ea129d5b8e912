//! The grammar of `id` in a query string. Knows text only: neither HTTP nor accounts.

use std::collections::HashSet;

/// The ids in all values of `id`: each value is split at anything that is neither letter nor digit; empties are
/// dropped, the order is kept, duplicates are removed.
pub fn parse<I>(values: I) -> Vec<String>
where
    I: IntoIterator,
    I::Item: AsRef<str>,
{
    let mut seen = HashSet::new();
    let mut ids = Vec::new();
    for value in values {
        for id in value.as_ref().split(|c: char| !c.is_alphanumeric()) {
            if !id.is_empty() && seen.insert(id.to_owned()) {
                ids.push(id.to_owned());
            }
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn repeated_values_and_lists_are_one_list_in_order_without_duplicates() {
        assert_eq!(parse(["a,b", "c", "", "c"]), ["a", "b", "c"]);
    }

    #[test]
    fn anything_but_letters_and_digits_separates() {
        assert_eq!(parse(["1 2;3-4_5"]), ["1", "2", "3", "4", "5"]);
    }

    #[test]
    fn separators_alone_name_nothing() {
        assert!(parse(["", "--", " , "]).is_empty());
        assert!(parse(Vec::<String>::new()).is_empty());
    }
}
