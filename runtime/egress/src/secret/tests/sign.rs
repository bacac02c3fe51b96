use serde_json::json;

use openclaw_secrets::SecretValue;

use super::{everywhere, is_silent, vault, vault_with};
use crate::Kind;
use crate::secret::sign::SignatureAlgorithm::{Ed25519, Es256, Ps256, Rs256, Secp256k1Schnorr};
use crate::secret::{
    Captured, DigestAlgorithm, HmacAlgorithm, Keep, Part, PlaceholderKey, SignatureAlgorithm, VerifyingKey,
};

const RSA: &str = include_str!("keys/rsa-pkcs8.pem");
const SIGNED: &[u8] = b"what is signed";

fn bytes(hex: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(pair).collect()
}

fn sign(algorithm: SignatureAlgorithm, key: &str, message: &[u8]) -> Vec<u8> {
    let vault = vault(json!([everywhere("key")]), &[("key", key)]);
    let key = vault.lookup("key").unwrap();
    let signature = vault.sign(algorithm, &key, message).unwrap();
    let own = VerifyingKey::Secret(&key);
    assert!(vault.verify(algorithm, own, message, &signature).unwrap());
    let mut other = message.to_vec();
    other[0] ^= 1;
    assert!(!vault.verify(algorithm, own, &other, &signature).unwrap());
    signature
}

fn verify(algorithm: SignatureAlgorithm, key: VerifyingKey<'_>, message: &[u8], signature: &[u8]) -> bool {
    let vault = vault(json!([]), &[]);
    let verify = |signature: &[u8]| vault.verify(algorithm, key, message, signature).unwrap();
    let mut wrong = signature.to_vec();
    wrong[5] ^= 1;
    assert!(!verify(&wrong) && !verify(&signature[1..]) && !verify(b""));
    verify(signature)
}

/// RFC 4231 and RFC 2202, the cases with the key "Jefe".
#[test]
fn codes_are_those_of_the_standard() {
    let vault = vault(json!([everywhere("key")]), &[("key", "Jefe")]);
    let key = vault.lookup("key").unwrap();
    let message = b"what do ya want for nothing?";
    for (algorithm, expected) in [
        (HmacAlgorithm::Sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        (
            HmacAlgorithm::Sha256,
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            HmacAlgorithm::Sha512,
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd\
             caeab1a34d4a6b4b636e070a38bce737",
        ),
    ] {
        let code = bytes(expected);
        assert_eq!(vault.hmac(algorithm, &key, message).unwrap(), code);
        assert!(vault.verify_hmac(algorithm, &key, message, &code).unwrap());
        assert!(!vault.verify_hmac(algorithm, &key, message, &code[..10]).unwrap());
        assert!(!vault.verify_hmac(algorithm, &key, b"else", &code).unwrap());
    }
}

/// FIPS 180, "abc".
#[test]
fn a_digest_is_of_the_parts_as_they_are() {
    let vault = vault(json!([everywhere("b")]), &[("b", "b")]);
    let secret = vault.lookup("b").unwrap();
    let parts = [Part::Text("a"), Part::Secret(&secret), Part::Bytes(b"c")];
    let digest = |algorithm| vault.digest(algorithm, &parts).unwrap();
    assert_eq!(
        digest(DigestAlgorithm::Sha1),
        bytes("a9993e364706816aba3e25717850c26c9cd0d89d")
    );
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(digest(DigestAlgorithm::Sha256), bytes(sha256));
    assert_eq!(digest(DigestAlgorithm::Sha512)[..4], bytes("ddaf35a1"));
}

/// RFC 8032, 7.1, test 2.
#[test]
fn ed25519_is_that_of_the_standard() {
    let seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    let public = bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    let signature = bytes(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c\
         387b2eaeb4302aeeb00d291612bb0c00",
    );
    assert_eq!(sign(Ed25519, seed, &[0x72]), signature);
    assert_eq!(
        sign(Ed25519, include_str!("keys/ed25519-pkcs8.pem"), &[0x72]),
        signature
    );
    assert!(verify(Ed25519, VerifyingKey::Raw(&public), &[0x72], &signature));
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"})
        .to_string();
    assert!(verify(Ed25519, VerifyingKey::Jwk(&jwk), &[0x72], &signature));
}

/// RFC 6979, A.2.5, with SHA-256 and "sample".
#[test]
fn es256_is_that_of_the_standard() {
    let signature = bytes(
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
         f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    );
    assert_eq!(
        sign(Es256, include_str!("keys/p256-sec1.pem"), b"sample"),
        signature
    );
    assert_eq!(
        sign(Es256, include_str!("keys/p256-pkcs8.pem"), b"sample"),
        signature
    );
    assert!(verify(
        Es256,
        VerifyingKey::Pem(include_str!("keys/p256-public.pem")),
        b"sample",
        &signature
    ));
    let jwk = json!({
        "kty": "EC", "crv": "P-256",
        "x": "YP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Y",
        "y": "eQP-EAi4vJmkGunpVii8ZPLxsgwtfp9Rd6PClNRGIpk",
    });
    assert!(verify(
        Es256,
        VerifyingKey::Jwk(&jwk.to_string()),
        b"sample",
        &signature
    ));
}

/// The second vector of BIP 340.
#[test]
fn schnorr_is_that_of_the_standard() {
    let secret = "b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef";
    let public = bytes("dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659");
    let message = bytes("243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89");
    let signature = bytes(
        "6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de33418906d11ac976abccb20b091292bff4ea\
         897efcb639ea871cfa95f6de339e4b0a",
    );
    assert!(verify(
        Secp256k1Schnorr,
        VerifyingKey::Raw(&public),
        &message,
        &signature
    ));
    let own = sign(Secp256k1Schnorr, secret, &message);
    assert!(own.len() == 64 && verify(Secp256k1Schnorr, VerifyingKey::Raw(&public), &message, &own));
    let vault = vault(json!([everywhere("key")]), &[("key", secret)]);
    let key = vault.lookup("key").unwrap();
    assert_eq!(
        vault.sign(Secp256k1Schnorr, &key, b"short").unwrap_err().kind(),
        Kind::Invalid
    );
}

/// What another program signed with the same key.
#[test]
fn rsa_agrees_with_another_program() {
    let (rs256, ps256) = (include_bytes!("keys/rs256.bin"), include_bytes!("keys/ps256.bin"));
    assert_eq!(sign(Rs256, RSA, SIGNED), rs256);
    assert_eq!(sign(Rs256, include_str!("keys/rsa-pkcs1.pem"), SIGNED), rs256);
    assert_eq!(sign(Ps256, RSA, SIGNED).len(), 256);
    for key in [
        VerifyingKey::Pem(include_str!("keys/rsa-public.pem")),
        VerifyingKey::Pem(include_str!("keys/rsa-certificate.pem")),
        VerifyingKey::Jwk(include_str!("keys/rsa.jwk.json")),
    ] {
        assert!(verify(Rs256, key, SIGNED, rs256) && verify(Ps256, key, SIGNED, ps256));
        assert!(!verify(Rs256, key, SIGNED, ps256));
    }
}

#[test]
fn a_use_without_its_flag_is_refused() {
    let rules = json!([{"name": "hmac", "hmac": true}, {"name": "sign", "sign": true}]);
    let key = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    let vault = vault(rules, &[("hmac", key), ("sign", key)]);
    let [hmac, sign] = ["hmac", "sign"].map(|name| vault.lookup(name).unwrap());
    let code = HmacAlgorithm::Sha256;
    let refusals = [
        vault.hmac(code, &sign, b"").map(drop),
        vault.hmac(code, &hmac, sign.as_bytes()).map(drop),
        vault.verify_hmac(code, &sign, b"", b"").map(drop),
        vault.verify_hmac(code, &hmac, sign.as_bytes(), b"").map(drop),
        vault
            .verify(Ed25519, VerifyingKey::Raw(&[1; 32]), sign.as_bytes(), b"")
            .map(drop),
        vault
            .digest(DigestAlgorithm::Sha256, &[Part::Secret(&sign)])
            .map(drop),
        vault.matches(&sign, "x").map(drop),
        vault.sign(Ed25519, &hmac, b"").map(drop),
        vault.sign(Ed25519, &sign, hmac.as_bytes()).map(drop),
        vault
            .verify(Ed25519, VerifyingKey::Secret(&hmac), b"", b"")
            .map(drop),
    ];
    for refusal in refusals {
        let failure = refusal.unwrap_err();
        assert!(
            failure.kind() == Kind::Denied && is_silent(&failure, key),
            "{failure}"
        );
    }
    assert!(
        vault.hmac(code, &hmac, hmac.as_bytes()).is_ok()
            && vault.sign(Ed25519, &sign, sign.as_bytes()).is_ok()
    );
    assert!(
        !vault
            .verify(Ed25519, VerifyingKey::Raw(&[1; 32]), hmac.as_bytes(), b"")
            .unwrap()
    );
}

#[test]
fn a_webhook_keeps_its_signature_when_its_secret_was_hidden() {
    let vault = vault(
        json!([everywhere("key"), everywhere("token")]),
        &[("key", "hook key"), ("token", "tok/en+1234")],
    );
    let key = vault.lookup("key").unwrap();
    let arrived =
        br#"{"a":"tok/en+1234","b":"tok\/en+1234","c":"746f6b2f656e2b31323334","d":"dG9rL2VuKzEyMzQ="}"#;
    let code = vault.hmac(HmacAlgorithm::Sha256, &key, arrived).unwrap();
    let shown = vault.hide_values(arrived).into_owned();
    let text = String::from_utf8(shown.clone()).unwrap();
    assert!(
        !text.contains("1234") && !text.contains("746f6b") && !text.contains("dG9rL2"),
        "{text}"
    );
    assert!(text.contains(&vault.lookup("token").unwrap()));
    assert!(
        vault
            .verify_hmac(HmacAlgorithm::Sha256, &key, &shown, &code)
            .unwrap()
    );
    assert_eq!(vault.hmac(HmacAlgorithm::Sha256, &key, &shown).unwrap(), code);
}

#[test]
fn whether_a_guess_is_right_is_told_only_of_what_arrived() {
    let (kept, placeholders) = (Captured::default(), PlaceholderKey::random().unwrap());
    let rules = json!([everywhere("key"), {"name": "token", "audience": ["a.example"], "capture": true}]);
    let vault = vault_with(
        rules,
        &[("key", "hook key"), ("token", "tok/en+1234")],
        kept,
        &placeholders,
    );
    let [key, token] = ["key", "token"].map(|name| vault.lookup(name).unwrap());
    let code = |message: &str| {
        vault
            .hmac(HmacAlgorithm::Sha256, &key, message.as_bytes())
            .unwrap()
    };
    let check = |message: &[u8], code: &[u8]| vault.verify_hmac(HmacAlgorithm::Sha256, &key, message, code);
    let guess = code("tok/en+1234");
    assert_eq!(check(token.as_bytes(), &guess).unwrap_err().kind(), Kind::Denied);
    let arrived = r#"["tok/en+1234","746f6b2f656e2b31323334"]"#;
    let shown = vault.hide_values(arrived.as_bytes()).into_owned();
    assert!(vault.holds_placeholder(&shown) && check(&shown, &code(arrived)).unwrap());
    assert!(vault.hmac(HmacAlgorithm::Sha256, &key, &shown).is_err());
    let newer = SecretValue::new("has not arrived");
    assert_eq!(vault.capture("token", newer, Keep::UntilRestart).unwrap(), token);
    let guess = code("has not arrived");
    assert_eq!(check(token.as_bytes(), &guess).unwrap_err().kind(), Kind::Denied);
}

#[test]
fn a_shared_token_matches_as_value_and_as_placeholder() {
    let vault = vault(json!([everywhere("token")]), &[("token", "shared token")]);
    let token = vault.lookup("token").unwrap();
    assert!(vault.matches(&token, "shared token").unwrap() && vault.matches(&token, &token).unwrap());
    assert!(!vault.matches(&token, "shared tokem").unwrap() && !vault.matches(&token, "").unwrap());
}

#[test]
fn what_is_no_key_is_told_without_any_of_it() {
    let vault = vault(json!([everywhere("key")]), &[("key", "some words, no key")]);
    let key = vault.lookup("key").unwrap();
    for algorithm in [Ed25519, Rs256, Ps256, Es256, Secp256k1Schnorr] {
        let failure = vault.sign(algorithm, &key, &[7; 32]).unwrap_err();
        assert!(
            failure.kind() == Kind::Invalid && is_silent(&failure, "some words"),
            "{failure}"
        );
        for wrong in [
            VerifyingKey::Raw(b"short"),
            VerifyingKey::Pem("no pem"),
            VerifyingKey::Jwk("{}"),
            VerifyingKey::Jwk("no json"),
        ] {
            assert_eq!(
                vault.verify(algorithm, wrong, &[7; 32], b"").unwrap_err().kind(),
                Kind::Invalid
            );
        }
    }
    let rsa = super::vault(json!([everywhere("key")]), &[("key", RSA)]);
    let key = rsa.lookup("key").unwrap();
    assert_eq!(rsa.sign(Ed25519, &key, b"x").unwrap_err().kind(), Kind::Invalid);
    assert_eq!(rsa.sign(Es256, &key, b"x").unwrap_err().kind(), Kind::Invalid);
}
