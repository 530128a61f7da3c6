//! Greets.

/// A greeting for someone.
///
/// ```
/// assert_eq!(@@name:snake@@::greet("World"), "Hello, World!");
/// ```
pub fn greet(who: &str) -> String {
    format!("Hello, {who}!")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greet_names_who_is_greeted() {
        assert_eq!(greet("World"), "Hello, World!");
        assert_eq!(greet(""), "Hello, !");
    }
}
