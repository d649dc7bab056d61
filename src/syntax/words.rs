//! Words that the grammar keeps for itself.

/// Words that no expression can use as a name.
const RESERVED: [&str; 15] = [
    "and", "or", "not", "in", "if", "then", "else", "elif", "for", "when", "because", "true",
    "false", "none", "extends",
];

pub fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}
