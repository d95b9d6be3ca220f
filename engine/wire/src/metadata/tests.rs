//! Property lists: truncation, repetition, limits, round trips.

use proptest::prelude::*;

use super::*;

fn list(properties: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in properties {
        encode_property(&mut bytes, name, value);
    }
    bytes
}

fn fault(fault: MetadataFault) -> Result<Metadata, Error> {
    Err(Error::MalformedReady(fault))
}

#[test]
fn a_list_cut_anywhere_but_between_properties_is_truncated() {
    let bytes = list(&[(b"Socket-Type", b"PUB"), (b"X-a", b""), (b"X-b", &[7; 300])]);
    let boundaries = [0, 19, 27, bytes.len()];
    for cut in 0..=bytes.len() {
        let parsed = Metadata::parse(&bytes[..cut]);
        if boundaries.contains(&cut) {
            assert_eq!(parsed.map(|metadata| metadata.as_bytes().len()), Ok(cut));
        } else {
            assert_eq!(parsed, fault(MetadataFault::Truncated), "cut at {cut}");
        }
    }
}

#[test]
fn names_have_one_to_255_bytes() {
    assert_eq!(
        Metadata::parse(&list(&[(b"", b"x")])),
        fault(MetadataFault::EmptyName)
    );
    let name = [b'n'; 255];
    let parsed = Metadata::parse(&list(&[(&name, b"v")])).expect("the longest name is fine");
    assert_eq!(parsed.get(&name), Some(b"v".as_slice()));
}

#[test]
fn a_value_that_claims_more_than_is_there_is_truncated() {
    for claim in [1, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
        let mut bytes = b"\x01n".to_vec();
        bytes.extend(u32::to_be_bytes(claim));
        assert_eq!(Metadata::parse(&bytes), fault(MetadataFault::Truncated));
    }
}

#[test]
fn a_repeated_property_is_refused_whatever_its_case() {
    let bytes = list(&[(b"X-Zone", b"1"), (b"x-zone", b"2")]);
    assert_eq!(Metadata::parse(&bytes), fault(MetadataFault::Duplicate));
}

#[test]
fn the_65th_property_is_refused() {
    let names: Vec<Vec<u8>> = (0..65).map(|n| format!("X-{n}").into_bytes()).collect();
    let properties: Vec<(&[u8], &[u8])> = names
        .iter()
        .map(|name| (name.as_slice(), b"".as_slice()))
        .collect();
    assert!(Metadata::parse(&list(&properties[..64])).is_ok());
    assert_eq!(
        Metadata::parse(&list(&properties)),
        Err(Error::TooManyProperties)
    );
}

#[test]
fn the_owner_cannot_add_what_ready_could_not_carry() {
    let mut metadata = Metadata::new();
    assert_eq!(metadata.push(b"", b""), Err(MetadataFault::EmptyName));
    assert_eq!(
        metadata.push(&[b'n'; 256], b""),
        Err(MetadataFault::TooLarge)
    );
    assert_eq!(
        metadata.push(b"identity", b""),
        Err(MetadataFault::Duplicate)
    );
    assert_eq!(
        metadata.push(b"X-a", &[0; PROPERTIES_BYTES_MAX]),
        Err(MetadataFault::TooLarge)
    );
    assert_eq!(
        metadata.push(b"X-a", &[0; PROPERTIES_BYTES_MAX - 8]),
        Ok(())
    );
    assert_eq!(metadata.push(b"X-b", b""), Err(MetadataFault::TooLarge));

    let mut many = Metadata::new();
    for n in 0..62 {
        assert_eq!(many.push(format!("X-{n}").as_bytes(), b""), Ok(()));
    }
    assert_eq!(many.push(b"X-62", b""), Err(MetadataFault::TooLarge));
}

proptest! {
    #[test]
    fn properties_come_back_as_they_were(
        properties in prop::collection::btree_map("[a-z]{1,20}", prop::collection::vec(any::<u8>(), 0..40), 0..40)
    ) {
        let mut metadata = Metadata::new();
        for (name, value) in &properties {
            let name = format!("X-{name}");
            prop_assert_eq!(metadata.push(name.as_bytes(), value), Ok(()));
        }
        let parsed = Metadata::parse(metadata.as_bytes());
        prop_assert_eq!(parsed.as_ref(), Ok(&metadata));
        for (name, value) in &properties {
            let name = format!("X-{}", name.to_uppercase());
            prop_assert_eq!(metadata.get(name.as_bytes()), Some(value.as_slice()));
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(metadata) = Metadata::parse(&bytes) {
            prop_assert_eq!(metadata.as_bytes(), bytes.as_slice());
            prop_assert!(metadata.iter().count() <= HANDSHAKE_PROPERTIES_MAX);
        }
    }
}
