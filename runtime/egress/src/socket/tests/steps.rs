//! What is said in the clear before TLS.

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};

use super::*;
use crate::error::{Error, Kind, Sent};
use crate::socket::{ClearStep, Pattern, speak};
use crate::tls::TlsOptions;
use crate::tls::authority::{Authority, Manner, names, server as tls_server};

fn step(send: Option<&str>, until: Pattern) -> ClearStep {
    ClearStep {
        send: send.map(str::to_owned),
        until,
    }
}

fn contains(part: &str) -> Pattern {
    Pattern::Contains(part.to_owned())
}

fn starts(start: &str) -> Pattern {
    Pattern::StartsWith(start.to_owned())
}

fn of_irc() -> Vec<ClearStep> {
    vec![step(Some("STARTTLS"), contains(" 670 "))]
}

fn of_smtp() -> Vec<ClearStep> {
    vec![
        step(None, starts("220 ")),
        step(Some("EHLO me.example"), starts("250 ")),
        step(Some("STARTTLS"), starts("220 ")),
    ]
}

#[tokio::test]
async fn after_the_steps_of_irc_the_connection_is_encrypted() {
    let authority = Authority::new();
    let identity = authority.issue(&names(&["chat.example"]));
    let acceptor = tls_server(&identity, Manner::default());
    let (stream, server) = connect(|mut stream| async move {
        stream
            .write_all(b":irc NOTICE * :Looking up\r\n:irc NOTICE * :\xff\r\n")
            .await
            .unwrap();
        let mut heard = [0; 10];
        stream.read_exact(&mut heard).await.unwrap();
        stream.write_all(b":irc 670 * :go ahead\r\n").await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        stream.write_all(b":irc 001 me :hello\r\n").await.unwrap();
        stream.shutdown().await.unwrap();
        heard
    })
    .await;
    let stream = speak(stream, &host(), &of_irc(), until()).await.unwrap();
    let tls = authority.tls();
    let stream = tls
        .secure(stream, &host(), &TlsOptions::default(), &[], until())
        .await
        .unwrap();
    let mut connection = tcp(stream, Framing::Lines, LIMITS);
    assert_eq!(
        next(&mut connection).await.unwrap(),
        text(":irc 001 me :hello"),
        "nothing that was in the clear"
    );
    assert_eq!(&end(server).await, b"STARTTLS\r\n");
}

#[tokio::test]
async fn each_step_waits_for_its_own_line() {
    let (stream, server) = connect(|stream| async move {
        let mut stream = BufReader::new(stream);
        let mut heard = String::new();
        stream
            .write_all(b"220-welcome\r\n220 mail.example\r\n")
            .await
            .unwrap();
        stream.read_line(&mut heard).await.unwrap();
        stream.write_all(b"250-STARTTLS\n250 ok\n").await.unwrap();
        stream.read_line(&mut heard).await.unwrap();
        stream.write_all(b"220 go\n").await.unwrap();
        heard
    })
    .await;
    speak(stream, &host(), &of_smtp(), until()).await.unwrap();
    assert_eq!(end(server).await, "EHLO me.example\r\nSTARTTLS\r\n");
}

async fn refused_by(answer: Vec<u8>) -> Error {
    let (near, mut far) = tokio::io::duplex(4096);
    let server = tokio::spawn(async move {
        let _ = far.write_all(&answer).await;
        let _ = far.shutdown().await;
        let mut rest = Vec::new();
        let _ = far.read_to_end(&mut rest).await;
    });
    let error = timeout(PATIENCE, speak(near, &host(), &of_irc(), until()))
        .await
        .unwrap()
        .unwrap_err();
    end(server).await;
    error
}

#[tokio::test]
async fn more_in_the_clear_behind_the_last_line_is_a_violation() {
    for early in ["x", "\n", ":irc 001 me :trust me\r\n", "\u{16}\u{3}\u{1}"] {
        let error = refused_by(format!(":irc 670 * :go\r\n{early}").into_bytes()).await;
        assert_eq!(
            (error.cause.kind(), error.sent),
            (Kind::Protocol, Sent::Yes),
            "{early:?}"
        );
        assert!(error.to_string().contains("sent more in the clear"), "{error}");
    }
}

#[tokio::test]
async fn what_is_put_in_later_is_not_taken_for_what_the_server_says_under_tls() {
    let authority = Authority::new();
    let (stream, server) = connect(|mut stream| async move {
        stream.write_all(b":irc 670 * :go\r\n").await.unwrap();
        let mut heard = [0; 11];
        // The first byte of the handshake: by now the steps are over.
        stream.read_exact(&mut heard).await.unwrap();
        stream.write_all(b":irc 001 me :trust me\r\n").await.unwrap();
    })
    .await;
    let stream = speak(stream, &host(), &of_irc(), until()).await.unwrap();
    let tls = authority.tls();
    let error = tls
        .secure(stream, &host(), &TlsOptions::default(), &[], until())
        .await
        .unwrap_err();
    assert_eq!(error.cause.kind(), Kind::Protocol, "{error}");
    end(server).await;
}

#[tokio::test]
async fn chatter_without_end_is_given_up() {
    for chatter in [":irc NOTICE * :wait\r\n".repeat(10_000), "x".repeat(200_000)] {
        let error = refused_by(chatter.into_bytes()).await;
        assert!(error.to_string().contains("more than 65536 bytes"), "{error}");
        assert_eq!(error.cause.kind(), Kind::Protocol);
    }
}

#[tokio::test]
async fn a_server_that_ends_before_the_step_does_is_told() {
    let error = refused_by(b":irc 691 * :no TLS here\r\n:irc 670".to_vec()).await;
    assert!(
        error
            .to_string()
            .contains("closed the connection before it was encrypted"),
        "{error}"
    );
}

#[tokio::test]
async fn a_step_that_does_not_end_in_time_is_ended() {
    let (near, _far) = tokio::io::duplex(4096);
    let soon = Instant::now() + Duration::from_millis(50);
    let (name, steps) = (host(), of_irc());
    let spoken = speak(near, &name, &steps, soon);
    let error = timeout(PATIENCE, spoken).await.unwrap().unwrap_err();
    assert_eq!((error.cause.kind(), error.sent), (Kind::Timeout, Sent::Yes));
}

#[tokio::test]
async fn a_step_with_a_line_break_sends_nothing() {
    for line in ["STARTTLS\r\nQUIT", "a\nb", "a\r"] {
        let (near, mut far) = tokio::io::duplex(4096);
        let steps = [
            step(Some("EHLO me"), Pattern::Anything),
            step(Some(line), Pattern::Anything),
        ];
        let error = speak(near, &host(), &steps, until()).await.unwrap_err();
        assert_eq!((error.cause.kind(), error.sent), (Kind::Invalid, Sent::No));
        let mut heard = Vec::new();
        far.read_to_end(&mut heard).await.unwrap();
        assert!(heard.is_empty());
    }
}
