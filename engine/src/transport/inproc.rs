//! `inproc://name`: another socket of the same context, by any name.

use super::EndpointError;

/// The longest name, bytes.
const NAME_BYTES_MAX: usize = 256;

/// The name in an inproc endpoint; `None` if the endpoint is of another transport.
pub(crate) fn name(text: &str) -> Result<Option<&str>, EndpointError> {
    match text.strip_prefix("inproc://") {
        None => Ok(None),
        Some("") => Err(EndpointError::NoName),
        Some(name) if name.len() > NAME_BYTES_MAX => Err(EndpointError::NameTooLong),
        Some(name) => Ok(Some(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_as_it_is() {
        assert_eq!(name("inproc://a b/*"), Ok(Some("a b/*")));
        assert_eq!(name("tcp://127.0.0.1:1"), Ok(None));
        assert_eq!(name("a"), Ok(None));
    }

    #[test]
    fn a_name_has_1_to_256_bytes() {
        let longest = format!("inproc://{}", "n".repeat(256));
        assert_eq!(name(&longest).unwrap().map(str::len), Some(256));
        assert_eq!(
            name(&format!("{longest}n")),
            Err(EndpointError::NameTooLong)
        );
        assert_eq!(name("inproc://"), Err(EndpointError::NoName));
    }
}
