//! Lines and bytes over TCP, and streams of events.

use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::error::{Cause, Kind, Sent};
use crate::socket::{Incoming, ServerEvent};
use crate::tls::TlsOptions;
use crate::tls::authority::{Authority, Manner, names, server as tls_server};

#[tokio::test]
async fn lines_go_both_ways_over_tls() {
    let authority = Authority::new();
    let identity = authority.issue(&names(&["chat.example"]));
    let acceptor = tls_server(&identity, Manner::default());
    let (stream, server) = connect(|stream| async move {
        let mut stream = acceptor.accept(stream).await.unwrap();
        let mut heard = [0; 17];
        stream.read_exact(&mut heard).await.unwrap();
        stream.write_all(b":irc 001 me :hello\r\nPI").await.unwrap();
        stream.flush().await.unwrap();
        stream.write_all(b"NG x\n\xff\r\n").await.unwrap();
        stream.shutdown().await.unwrap();
        heard
    })
    .await;
    let tls = authority.tls();
    let stream = tls
        .secure(stream, &host(), &TlsOptions::default(), &[], until())
        .await
        .unwrap();
    let mut connection = tcp(stream, Framing::Lines, LIMITS);
    connection
        .send(vec![text("NICK me"), text("USER x")])
        .await
        .unwrap();
    assert_eq!(next(&mut connection).await.unwrap(), text(":irc 001 me :hello"));
    assert_eq!(next(&mut connection).await.unwrap(), text("PING x"));
    assert_eq!(next(&mut connection).await.unwrap(), bytes(b"\xff"));
    let error = connection.receive(PATIENCE).await.unwrap_err();
    assert_eq!(error.to_string(), "the connection to chat.example is closed");
    assert_eq!(&end(server).await, b"NICK me\r\nUSER x\r\n");
}

#[tokio::test]
async fn a_line_break_within_a_line_is_refused_after_secrets_were_put_in_as_well() {
    let (stream, server) = connect(|mut stream| async move {
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.unwrap();
        heard
    })
    .await;
    let passage = Passage {
        outgoing: Box::new(|frame| match frame {
            Frame::Text(line) => Ok(Frame::Text(line.replace("PLACEHOLDER", "a\r\nQUIT"))),
            other => Ok(other),
        }),
        incoming: Box::new(|frame| frame),
    };
    let mut connection = Connection::tcp(stream, &host(), Framing::Lines, LIMITS, passage);
    for line in ["PASS PLACEHOLDER", "a\nb"] {
        let error = connection
            .send(vec![text("NICK me"), text(line)])
            .await
            .unwrap_err();
        assert_eq!((error.cause.kind(), error.sent), (Kind::Invalid, Sent::No));
    }
    let event = Frame::Event(ServerEvent {
        name: String::new(),
        id: None,
        data: String::new(),
    });
    assert_eq!(
        connection.send(vec![event]).await.unwrap_err().cause.kind(),
        Kind::Invalid
    );
    connection.send(vec![text("PING 1")]).await.unwrap();
    connection.close(0, "").await.unwrap();
    assert_eq!(end(server).await, "PING 1\r\n");
}

#[tokio::test]
async fn a_line_without_end_ends_the_connection() {
    let (stream, server) =
        connect(|mut stream| async move { while stream.write_all(&[b'x'; 4096]).await.is_ok() {} }).await;
    let mut connection = tcp(stream, Framing::Lines, LIMITS);
    let error = connection.receive(PATIENCE).await.unwrap_err();
    assert_eq!(error.cause.kind(), Kind::TooLarge);
    end(server).await;
    assert_eq!(
        connection.send(vec![text("x")]).await.unwrap_err().cause.kind(),
        Kind::Closed
    );
}

#[tokio::test]
async fn half_a_line_is_no_frame() {
    let (stream, server) = connect(|mut stream| async move {
        stream.write_all(b"one\r\nhal").await.unwrap();
    })
    .await;
    let mut connection = tcp(stream, Framing::Lines, LIMITS);
    assert_eq!(next(&mut connection).await.unwrap(), text("one"));
    let error = connection.receive(PATIENCE).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the connection to chat.example is closed, in the middle of a line"
    );
    end(server).await;
}

#[tokio::test]
async fn a_wait_that_ends_in_the_middle_of_a_line_loses_nothing() {
    let (near, mut far) = tokio::io::duplex(64);
    let mut connection = tcp(near, Framing::Lines, LIMITS);
    for part in ["P", "I", "NG", " x", "\r"] {
        far.write_all(part.as_bytes()).await.unwrap();
        assert_eq!(connection.receive(Duration::from_millis(5)).await.unwrap(), None);
    }
    far.write_all(b"\n").await.unwrap();
    assert_eq!(next(&mut connection).await.unwrap(), text("PING x"));
}

#[tokio::test]
async fn a_connection_that_was_cut_is_told_from_one_that_was_closed() {
    let authority = Authority::new();
    let identity = authority.issue(&names(&["chat.example"]));
    let acceptor = tls_server(&identity, Manner::default());
    let (stream, server) = connect(|stream| async move {
        let mut stream = acceptor.accept(stream).await.unwrap();
        stream.write_all(b"all: sell ").await.unwrap();
        stream.flush().await.unwrap();
        let (mut stream, _) = stream.into_inner();
        stream.shutdown().await.unwrap();
    })
    .await;
    let tls = authority.tls();
    let stream = tls
        .secure(stream, &host(), &TlsOptions::default(), &[], until())
        .await
        .unwrap();
    let mut connection = tcp(stream, Framing::Bytes, LIMITS);
    assert_eq!(next(&mut connection).await.unwrap(), bytes(b"all: sell "));
    let error = connection.receive(PATIENCE).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the connection to chat.example is closed, because it was cut off"
    );
    end(server).await;
}

#[tokio::test]
async fn what_somebody_puts_into_an_encrypted_connection_ends_it() {
    let authority = Authority::new();
    let identity = authority.issue(&names(&["chat.example"]));
    let acceptor = tls_server(&identity, Manner::default());
    let (stream, server) = connect(|stream| async move {
        let (mut stream, _) = acceptor.accept(stream).await.unwrap().into_inner();
        stream.write_all(b":irc 001 me :trust me\r\n").await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let tls = authority.tls();
    let stream = tls
        .secure(stream, &host(), &TlsOptions::default(), &[], until())
        .await
        .unwrap();
    let mut connection = tcp(stream, Framing::Lines, LIMITS);
    let error = connection.receive(PATIENCE).await.unwrap_err();
    assert_eq!(error.cause.kind(), Kind::Protocol);
    assert!(error.to_string().contains("broke the rules of TLS"), "{error}");
    end(server).await;
}

/// Keeps back what may be the start of "hunter2", as a net over a stream does.
#[derive(Default)]
struct Net(Vec<u8>);

impl Incoming for Net {
    fn pass(&mut self, frame: Frame) -> Frame {
        if let Frame::Binary(bytes) = &frame {
            self.0.extend_from_slice(bytes);
        }
        let seen = String::from_utf8(std::mem::take(&mut self.0))
            .unwrap()
            .replace("hunter2", "[secret:token]");
        let kept = (1..7)
            .rev()
            .find(|length| seen.ends_with(&"hunter2"[..*length]))
            .unwrap_or(0);
        let (out, kept) = seen.split_at(seen.len() - kept);
        self.0 = kept.as_bytes().to_vec();
        Frame::Binary(Bytes::copy_from_slice(out.as_bytes()))
    }

    fn rest(&mut self) -> Bytes {
        std::mem::take(&mut self.0).into()
    }
}

#[tokio::test]
async fn bytes_that_are_kept_back_are_handed_on_before_the_end_is_told() {
    let (near, mut far) = tokio::io::duplex(64);
    let passage = Passage {
        outgoing: Box::new(Ok),
        incoming: Box::new(Net::default()),
    };
    let mut connection = Connection::tcp(near, &host(), Framing::Bytes, LIMITS, passage);
    far.write_all(b"a hun").await.unwrap();
    assert_eq!(next(&mut connection).await.unwrap(), bytes(b"a "));
    far.write_all(b"ter").await.unwrap();
    far.write_all(b"2 hunt").await.unwrap();
    assert_eq!(next(&mut connection).await.unwrap(), bytes(b"[secret:token] "));
    let waited = connection.receive(Duration::from_millis(20)).await.unwrap();
    assert_eq!(waited, Some(bytes(b"hunt")), "whoever waits may be waited for");
    let waited = connection.receive(Duration::from_millis(20)).await.unwrap();
    assert_eq!(waited, None, "nothing is no frame");
    far.write_all(b"hunt").await.unwrap();
    drop(far);
    assert_eq!(next(&mut connection).await.unwrap(), bytes(b"hunt"));
    let error = connection.receive(PATIENCE).await.unwrap_err();
    assert_eq!(error.cause.kind(), Kind::Closed);
}

#[tokio::test]
async fn refused_bytes_end_the_sending() {
    let (near, mut far) = tokio::io::duplex(64);
    let passage = Passage {
        outgoing: Box::new(|frame| match &frame {
            Frame::Binary(bytes) if bytes.as_ref() == b"bad" => {
                Err(Cause::Request { why: "is bad" }.unsent())
            }
            _ => Ok(frame),
        }),
        incoming: Box::new(|frame| frame),
    };
    let mut connection = Connection::tcp(near, &host(), Framing::Bytes, LIMITS, passage);
    connection.send(vec![bytes(b"good\r\n\0")]).await.unwrap();
    let error = connection
        .send(vec![bytes(b"fine"), bytes(b"bad")])
        .await
        .unwrap_err();
    assert_eq!(
        (error.to_string(), error.sent),
        ("the request is bad".to_owned(), Sent::No)
    );
    let error = connection.send(vec![bytes(b"good")]).await.unwrap_err();
    assert_eq!(error.cause.kind(), Kind::Closed);
    let mut heard = Vec::new();
    timeout(PATIENCE, far.read_to_end(&mut heard))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(heard, b"good\r\n\0", "and the connection is closed");
}

#[tokio::test]
async fn a_large_arrival_of_bytes_comes_in_frames_within_the_limit() {
    let (stream, server) = connect(|mut stream| async move {
        stream.write_all(&[7; 100_000]).await.unwrap();
    })
    .await;
    let limits = Limits {
        arriving: 1000,
        ..LIMITS
    };
    let mut connection = tcp(stream, Framing::Bytes, limits);
    let mut whole = 0;
    while whole < 100_000 {
        let Frame::Binary(bytes) = next(&mut connection).await.unwrap() else {
            panic!("text on a connection of bytes");
        };
        assert!((1..=1000).contains(&bytes.len()));
        whole += bytes.len();
    }
    end(server).await;
}

fn events(chunks: Vec<Result<Bytes>>, most: usize) -> Connection {
    let limits = Limits {
        arriving: most,
        ..LIMITS
    };
    let net = |frame| match frame {
        Frame::Event(mut event) => {
            event.data = event.data.replace("hunter2", "[secret:token]");
            Frame::Event(event)
        }
        other => other,
    };
    Connection::events(futures_util::stream::iter(chunks), &host(), limits, Box::new(net))
}

#[tokio::test]
async fn events_arrive_one_by_one_and_nothing_can_be_sent() {
    let chunks = ["id: 7\nda", "ta: a hunter2\n\nevent: x\ndata: b\n\ndata: cut"];
    let mut connection = events(chunks.map(|chunk| Ok(Bytes::from(chunk))).into(), 100);
    let error = connection.send(vec![text("x")]).await.unwrap_err();
    assert_eq!((error.cause.kind(), error.sent), (Kind::Invalid, Sent::No));
    for (name, data) in [("message", "a [secret:token]"), ("x", "b")] {
        let event = ServerEvent {
            name: name.to_owned(),
            id: Some("7".to_owned()),
            data: data.to_owned(),
        };
        assert_eq!(next(&mut connection).await.unwrap(), Frame::Event(event));
    }
    let error = connection.receive(PATIENCE).await.unwrap_err();
    assert_eq!(error.to_string(), "the connection to chat.example is closed");
}

#[tokio::test]
async fn an_event_beyond_the_limit_and_a_broken_body_end_the_stream() {
    let mut connection = events(vec![Ok(Bytes::from("data: 0123456789\n\n"))], 10);
    assert_eq!(
        connection.receive(PATIENCE).await.unwrap_err().cause.kind(),
        Kind::TooLarge
    );
    assert_eq!(
        connection.receive(PATIENCE).await.unwrap_err().cause.kind(),
        Kind::Closed
    );
    let broken = Cause::peer(&host(), "broke it").when(Sent::Yes);
    let mut connection = events(vec![Ok(Bytes::from("data: 0\n\n")), Err(broken)], 10);
    assert!(next(&mut connection).await.is_ok());
    let error = connection.receive(PATIENCE).await.unwrap_err();
    assert_eq!(error.to_string(), "chat.example broke it");
}

#[tokio::test]
async fn a_stream_of_events_closes_at_once_and_lets_go_of_its_body() {
    let (hold, held) = tokio::sync::oneshot::channel::<()>();
    let body = futures_util::stream::once(async move {
        let _ = held.await;
        Ok(Bytes::new())
    });
    let mut connection = Connection::events(body, &host(), LIMITS, Box::new(|frame| frame));
    let begin = Instant::now();
    connection.close(0, "").await.unwrap();
    assert!(begin.elapsed() < Duration::from_millis(500));
    assert!(hold.is_closed());
    assert_eq!(
        connection.receive(PATIENCE).await.unwrap_err().cause.kind(),
        Kind::Closed
    );
}

#[tokio::test]
async fn an_endless_stream_of_comments_does_not_stop_the_clock() {
    let beats = futures_util::stream::repeat_with(|| Ok(Bytes::from(": beat\n\n"))).then(|beat| async {
        tokio::task::yield_now().await;
        beat
    });
    let mut connection = Connection::events(beats, &host(), LIMITS, Box::new(|frame| frame));
    let begin = Instant::now();
    assert_eq!(connection.receive(Duration::from_millis(50)).await.unwrap(), None);
    assert!(begin.elapsed() < PATIENCE);
}
