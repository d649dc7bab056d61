//! Folder names made of case ids: safe in any file system, readable, and distinct.

/// The longest name made, in bytes; most file systems take 255.
const LONGEST: usize = 120;

/// A folder name for a scenario or a case id. What is harmless stays as it is; anything else is
/// replaced, and a hash of the whole id is appended, so that distinct ids stay distinct.
pub fn folder_name(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    for c in id.chars() {
        name.push(if harmless(c) { c } else { '_' });
    }
    // `.` and `..` mean other folders, a leading dot hides, a trailing one is lost on some systems
    if name.starts_with('.') {
        name.replace_range(..1, "_");
    }
    if name.ends_with('.') {
        name.replace_range(name.len() - 1.., "_");
    }
    if name == id && !name.is_empty() && name.len() <= LONGEST && !looks_hashed(id) {
        return name;
    }
    let suffix = format!("~{:016x}", fnv1a(id.as_bytes()));
    let mut end = name.len().min(LONGEST - suffix.len());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    name + &suffix
}

/// Letters and digits of any script, and the signs that case ids are made of. Upper and lower
/// case stay as they are: scn runs where file systems tell them apart.
fn harmless(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '=' | ',' | '-' | '_' | '.' | '+' | '%' | '@' | ':')
}

/// An id that ends like a hashed name could collide with one; it is hashed as well.
fn looks_hashed(id: &str) -> bool {
    id.contains('~')
}

/// FNV-1a, 64 bits: the same on every machine and version, which the standard hasher is not.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_ids_stay_readable() {
        assert_eq!(folder_name("tp=2,concurrency=16"), "tp=2,concurrency=16");
        assert_eq!(folder_name("case"), "case");
    }

    #[test]
    fn dangerous_ids_stay_one_component() {
        for id in [
            "..",
            ".",
            "",
            "a/b",
            "../../etc",
            "a\nb",
            "a\0b",
            ".git",
            "x.",
        ] {
            let name = folder_name(id);
            let path = std::path::Path::new(&name);
            assert_eq!(path.components().count(), 1, "{id:?} became {name:?}");
            assert!(
                matches!(
                    path.components().next(),
                    Some(std::path::Component::Normal(_))
                ),
                "{id:?} became {name:?}"
            );
        }
        assert_ne!(folder_name("a/b"), folder_name("a_b"));
        assert_ne!(folder_name("a/b"), folder_name("a\\b"));
        assert!(folder_name(&"x".repeat(5000)).len() <= LONGEST);
        assert_ne!(
            folder_name(&"x".repeat(5000)),
            folder_name(&"x".repeat(5001))
        );
    }

    #[test]
    fn an_id_that_looks_like_a_made_name_is_not_confused_with_it() {
        let made = folder_name("a/b");
        assert_ne!(folder_name(&made), made);
    }

    proptest! {
        #[test]
        fn names_are_safe_and_distinct(a in ".{0,300}", b in ".{0,300}") {
            let (x, y) = (folder_name(&a), folder_name(&b));
            prop_assert_eq!(a == b, x == y);
            for name in [x, y] {
                prop_assert!(name.len() <= LONGEST && !name.is_empty());
                prop_assert!(!name.starts_with('.') && !name.ends_with('.'));
                prop_assert!(!name.chars().any(|c| c == '/' || c.is_control()));
            }
        }
    }
}
