//! The most recently used of something, bounded in number. Takes no memory before it is used: there may be twenty
//! thousand accounts, and most are idle.

use lru::LruCache;
use std::borrow::Borrow;
use std::hash::Hash;

/// At most `capacity` values; the least recently used one leaves first.
#[derive(Debug)]
pub struct Recent<K: Hash + Eq, V> {
    values: LruCache<K, V>,
    capacity: usize,
}

impl<K: Hash + Eq, V> Recent<K, V> {
    /// None yet, `capacity` at most.
    pub fn new(capacity: usize) -> Self {
        Self { values: LruCache::unbounded(), capacity: capacity.max(1) }
    }

    /// Remembers a value.
    pub fn put(&mut self, key: K, value: V) {
        self.values.put(key, value);
        if self.values.len() > self.capacity {
            self.values.pop_lru();
        }
    }

    /// A value, used now.
    pub fn get<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.values.get(key)
    }

    /// A value to change, used now.
    pub fn get_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.values.get_mut(key)
    }

    /// A value; that is no use of it.
    pub fn peek<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.values.peek(key)
    }

    /// Whether a value is there; that is no use of it.
    pub fn contains<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.values.contains(key)
    }

    /// A value that `is_meant`, looked for among all; that is no use of it.
    pub fn find(&self, is_meant: impl Fn(&V) -> bool) -> Option<&V> {
        self.values.iter().map(|(_, value)| value).find(|value| is_meant(value))
    }

    /// Forgets the values that `keep` does not want.
    pub fn retain(&mut self, keep: impl Fn(&V) -> bool)
    where
        K: Clone,
    {
        let gone: Vec<K> = self.values.iter().filter(|(_, value)| !keep(value)).map(|(key, _)| key.clone()).collect();
        gone.iter().for_each(|key| drop(self.values.pop(key)));
    }

    /// Takes a value out.
    pub fn pop<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.values.pop(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_value_leaves_first() {
        let mut recent = Recent::new(2);
        recent.put("a", 1);
        recent.put("b", 2);
        assert_eq!(recent.get("a"), Some(&1));
        recent.put("c", 3);
        assert!(recent.contains("a") && recent.contains("c") && !recent.contains("b"));
        assert_eq!(recent.pop("a"), Some(1));
    }
}
