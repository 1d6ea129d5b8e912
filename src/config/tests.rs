//! Settings as operators write them, right and wrong.
