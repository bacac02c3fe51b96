//! The life of an open WebSocket.

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{WebSocketStream, accept_async};

use super::*;
use crate::error::{Cause, Kind, Sent};

type Server = WebSocketStream<TcpStream>;

/// An open WebSocket to a server that does this with it.
async fn opened<F, Fut, T>(with: F) -> (Connection, JoinHandle<T>)
where
    F: FnOnce(Server) -> Fut + Send + 'static,
    Fut: Future<Output = T> + Send,
    T: Send + 'static,
{
    let (stream, server) =
        connect(|stream| async move { with(accept_async(stream).await.unwrap()).await }).await;
    (open(stream, upgrade("/"), LIMITS).await.unwrap(), server)
}

/// What comes of a server that sends these bytes behind a right opening, again and again if asked to, and then ends.
async fn lied_to(bytes: Vec<u8>, again: bool) -> (Connection, JoinHandle<()>) {
    opened(move |server| async move {
        let mut stream = server.into_inner();
        while stream.write_all(&bytes).await.is_ok() && again {}
        let _ = stream.shutdown().await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    })
    .await
}

#[tokio::test]
async fn text_stays_text_and_bytes_stay_bytes_in_both_directions() {
    let (mut connection, server) = opened(|mut server| async move {
        while let Some(Ok(message)) = server.next().await {
            if message.is_close() {
                break;
            }
            server.send(message).await.unwrap();
        }
    })
    .await;
    let frames = vec![text("grüße"), bytes(b"\xff\0"), text(""), bytes(b"")];
    connection.send(frames.clone()).await.unwrap();
    for frame in frames {
        assert_eq!(next(&mut connection).await.unwrap(), frame);
    }
    assert_eq!(connection.receive(Duration::from_millis(20)).await.unwrap(), None);
    connection.close(1000, "").await.unwrap();
    end(server).await;
}

#[tokio::test]
async fn frames_pass_what_is_set_before_them_in_both_directions() {
    let (stream, server) = connect(|stream| async move {
        let mut server = accept_async(stream).await.unwrap();
        let heard = server.next().await.unwrap().unwrap();
        server.send(Message::text("the token is hunter2")).await.unwrap();
        heard.into_text().unwrap().as_str().to_owned()
    })
    .await;
    let mut count = 0;
    let passage = Passage {
        outgoing: Box::new(move |frame| {
            count += 1;
            match frame {
                Frame::Text(line) => Ok(Frame::Text(
                    line.replace("PLACEHOLDER", &format!("hunter2 {count}")),
                )),
                _ => Err(Cause::Request {
                    why: "holds a placeholder",
                }
                .unsent()),
            }
        }),
        incoming: Box::new(|frame| match frame {
            Frame::Text(line) => Frame::Text(line.replace("hunter2", "[secret:token]")),
            other => other,
        }),
    };
    let name = host();
    let opening = Connection::websocket(stream, &name, upgrade("/"), LIMITS, passage, until());
    let mut connection = opening.await.unwrap();
    let error = connection
        .send(vec![text("first"), bytes(b"second")])
        .await
        .unwrap_err();
    assert_eq!((error.cause.kind(), error.sent), (Kind::Invalid, Sent::No));
    connection.send(vec![text("token PLACEHOLDER")]).await.unwrap();
    assert_eq!(
        next(&mut connection).await.unwrap(),
        text("the token is [secret:token]")
    );
    assert_eq!(
        end(server).await,
        "token hunter2 3",
        "of refused frames none is sent, not even the first"
    );
}

#[tokio::test]
async fn pings_are_answered_while_somebody_waits() {
    let (mut connection, server) = opened(|mut server| async move {
        server.send(Message::Ping("are you there".into())).await.unwrap();
        let answer = timeout(PATIENCE, server.next()).await.unwrap().unwrap().unwrap();
        server.send(Message::text("done")).await.unwrap();
        answer
    })
    .await;
    assert_eq!(next(&mut connection).await.unwrap(), text("done"));
    assert_eq!(end(server).await, Message::Pong("are you there".into()));
}

fn ping() -> Vec<u8> {
    [&[0x89, 0x7d][..], &[b'x'; 0x7d]].concat()
}

#[tokio::test]
async fn pings_without_end_do_not_stop_the_clock() {
    let (mut connection, server) = lied_to(ping(), true).await;
    let begin = Instant::now();
    assert_eq!(
        connection.receive(Duration::from_millis(200)).await.unwrap(),
        None
    );
    assert!(begin.elapsed() < PATIENCE);
    drop(connection);
    end(server).await;
}

#[tokio::test]
async fn answers_to_pings_that_nobody_takes_do_not_pile_up() {
    let (near, far) = tokio::io::duplex(4096);
    let server = tokio::spawn(async move {
        let mut stream = accept_async(far).await.unwrap().into_inner();
        stream.write_all(&ping().repeat(1 << 15)).await.unwrap();
        let mut taken = 0;
        let mut part = [0; 4096];
        while let Ok(Ok(count @ 1..)) = timeout(Duration::from_millis(200), stream.read(&mut part)).await {
            taken += count;
        }
        taken
    });
    let opening = Connection::websocket(near, &host(), upgrade("/"), LIMITS, open_passage(), until()).await;
    let mut connection = opening.unwrap();
    let error = connection.receive(PATIENCE).await.unwrap_err();
    assert_eq!(error.cause.kind(), Kind::Closed);
    let taken = end(server).await;
    assert!((1..LIMITS.leaving + (1 << 15)).contains(&taken), "{taken}");
}

#[tokio::test]
async fn a_frame_beyond_the_limit_is_refused_at_its_announcement() {
    // A whole gigabyte, announced in ten bytes.
    let (mut connection, server) = lied_to(vec![0x82, 0x7f, 0, 0, 0, 0, 0x40, 0, 0, 0], false).await;
    let error = connection.receive(PATIENCE).await.unwrap_err();
    assert_eq!(error.cause.kind(), Kind::TooLarge);
    assert_eq!(
        error.to_string(),
        "the bytes of a frame may be 65536, and there is more"
    );
    end(server).await;
    assert_eq!(
        connection.receive(PATIENCE).await.unwrap_err().cause.kind(),
        Kind::Closed
    );
    assert_eq!(
        connection.send(vec![text("x")]).await.unwrap_err().cause.kind(),
        Kind::Closed
    );
}

#[tokio::test]
async fn a_frame_of_the_limit_passes() {
    let (mut connection, server) = opened(|mut server| async move {
        server
            .send(Message::binary(vec![7; LIMITS.arriving]))
            .await
            .unwrap();
    })
    .await;
    assert_eq!(
        next(&mut connection).await.unwrap(),
        bytes(&vec![7; LIMITS.arriving])
    );
    end(server).await;
}

#[tokio::test]
async fn a_message_in_pieces_is_counted_whole() {
    let piece = [&[0x02, 0x7e, 0x40, 0x00][..], &[0; 0x4000]].concat();
    let more = [&[0x00, 0x7e, 0x40, 0x00][..], &[0; 0x4000]].concat();
    let (mut connection, server) = lied_to([piece, more.repeat(4)].concat(), false).await;
    let error = connection.receive(PATIENCE).await.unwrap_err();
    assert_eq!(error.cause.kind(), Kind::TooLarge);
    end(server).await;
}

#[tokio::test]
async fn empty_pieces_without_end_do_not_stop_the_clock() {
    let (mut connection, server) = opened(|server| async move {
        let mut stream = server.into_inner();
        stream.write_all(&[0x01, 0x00]).await.unwrap();
        while stream.write_all(&[0; 4096]).await.is_ok() {}
    })
    .await;
    let begin = Instant::now();
    assert_eq!(
        connection.receive(Duration::from_millis(200)).await.unwrap(),
        None
    );
    assert!(begin.elapsed() < PATIENCE);
    drop(connection);
    end(server).await;
}

#[tokio::test]
async fn what_breaks_the_protocol_ends_the_connection() {
    for (bytes, kind, why) in [
        (&[0x81, 0x02, 0xff, 0xfe][..], Kind::Protocol, "not UTF-8"),
        (
            &[0x81, 0x81, 0, 0, 0, 0, b'x'],
            Kind::Protocol,
            "broke the WebSocket protocol",
        ),
        (
            &[0xc1, 0x01, b'x'],
            Kind::Protocol,
            "broke the WebSocket protocol",
        ),
        (&[0x83, 0x00], Kind::Protocol, "broke the WebSocket protocol"),
        (&[0x80, 0x00], Kind::Protocol, "broke the WebSocket protocol"),
        (&[0x89, 0x7e, 0, 126], Kind::Closed, "left open"),
        (&[0x82, 0x05, b'h', b'a', b'l', b'f'], Kind::Closed, "left open"),
        (&[], Kind::Closed, "left open"),
    ] {
        let (mut connection, server) = lied_to(bytes.to_vec(), false).await;
        let error = connection.receive(PATIENCE).await.unwrap_err();
        assert_eq!(error.cause.kind(), kind, "{bytes:?}: {error}");
        assert!(error.to_string().contains(why), "{bytes:?}: {error}");
        end(server).await;
        let again = connection.receive(PATIENCE).await.unwrap_err();
        assert_eq!(again.cause.kind(), Kind::Closed);
    }
}

#[tokio::test]
async fn the_other_side_says_why_it_closes_and_gets_an_answer() {
    let (mut connection, server) = opened(|mut server| async move {
        let goodbye = CloseFrame {
            code: CloseCode::Library(4004),
            reason: "bad token\u{1b}[2J".into(),
        };
        server.send(Message::text("last")).await.unwrap();
        server.close(Some(goodbye)).await.unwrap();
        server.next().await
    })
    .await;
    assert_eq!(next(&mut connection).await.unwrap(), text("last"));
    for _ in 0..2 {
        let error = connection.receive(PATIENCE).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the connection to chat.example is closed, by the other side with code 4004 bad token\\u{1b}[2J"
        );
    }
    let error = connection.send(vec![text("x")]).await.unwrap_err();
    assert_eq!((error.cause.kind(), error.sent), (Kind::Closed, Sent::No));
    let answer = end(server).await;
    assert!(matches!(answer, Some(Ok(Message::Close(Some(_))))), "{answer:?}");
}

#[tokio::test]
async fn closing_says_the_code_and_the_reason_and_is_the_end() {
    let (mut connection, server) =
        opened(|mut server| async move { server.next().await.unwrap().unwrap() }).await;
    for (code, reason) in [
        (0, ""),
        (1005, ""),
        (1006, ""),
        (999, ""),
        (5000, ""),
        (1000, &*"x".repeat(124)),
    ] {
        let error = connection.close(code, reason).await.unwrap_err();
        assert_eq!(error.cause.kind(), Kind::Invalid, "{code}");
    }
    connection.close(4000, "see you").await.unwrap();
    let goodbye = CloseFrame {
        code: CloseCode::Library(4000),
        reason: "see you".into(),
    };
    assert_eq!(end(server).await, Message::Close(Some(goodbye)));
    let error = connection.receive(PATIENCE).await.unwrap_err();
    assert_eq!(error.to_string(), "the connection to chat.example is closed");
    let error = connection.send(vec![text("x")]).await.unwrap_err();
    assert_eq!((error.cause.kind(), error.sent), (Kind::Closed, Sent::No));
    connection.close(1000, "").await.unwrap();
}

#[tokio::test]
async fn closing_does_not_wait_for_a_server_that_does_not_answer() {
    let (mut connection, server) = opened(|server| async move {
        let mut stream = server.into_inner();
        // It chatters on instead.
        while stream.write_all(&[0x81, 0x01, b'x']).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    timeout(PATIENCE, connection.close(1000, ""))
        .await
        .unwrap()
        .unwrap();
    end(server).await;
}

#[tokio::test]
async fn dropping_closes() {
    let (connection, server) = opened(|server| async move {
        let mut stream = server.into_inner();
        stream.read(&mut [0; 16]).await
    })
    .await;
    drop(connection);
    assert_eq!(end(server).await.unwrap(), 0);
}

#[tokio::test]
async fn a_server_that_takes_nothing_is_left() {
    let (stream, server) = connect(|stream| async move {
        let server = accept_async(stream).await.unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
        drop(server);
    })
    .await;
    let limits = Limits {
        leaving: 64 << 20,
        patience: Duration::from_millis(100),
        ..LIMITS
    };
    let mut connection = open(stream, upgrade("/"), limits).await.unwrap();
    let large = bytes(&vec![0; 32 << 20]);
    let error = connection.send(vec![large.clone()]).await.unwrap_err();
    assert_eq!((error.cause.kind(), error.sent), (Kind::Timeout, Sent::Unknown));
    let error = connection.send(vec![text("x")]).await.unwrap_err();
    assert_eq!((error.cause.kind(), error.sent), (Kind::Closed, Sent::No));
    let error = connection.receive(PATIENCE).await.unwrap_err();
    assert_eq!(error.cause.kind(), Kind::Closed);
    end(server).await;
}

#[tokio::test]
async fn nothing_follows_a_frame_that_was_given_up_half_sent() {
    let (stream, server) = connect(|stream| async move {
        let server = accept_async(stream).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(server);
    })
    .await;
    let limits = Limits {
        leaving: 64 << 20,
        ..LIMITS
    };
    let mut connection = open(stream, upgrade("/"), limits).await.unwrap();
    let sending = connection.send(vec![bytes(&vec![0; 32 << 20])]);
    assert!(timeout(Duration::from_millis(50), sending).await.is_err());
    let error = connection.send(vec![text("x")]).await.unwrap_err();
    assert_eq!((error.cause.kind(), error.sent), (Kind::Closed, Sent::No));
    end(server).await;
}

#[tokio::test]
async fn a_frame_larger_than_may_leave_is_refused_and_the_connection_goes_on() {
    let (mut connection, server) =
        opened(|mut server| async move { server.next().await.unwrap().unwrap() }).await;
    let large = vec![0; LIMITS.leaving + 1];
    let error = connection
        .send(vec![text("first"), bytes(&large)])
        .await
        .unwrap_err();
    assert_eq!((error.cause.kind(), error.sent), (Kind::TooLarge, Sent::No));
    connection.send(vec![text("second")]).await.unwrap();
    assert_eq!(end(server).await, Message::text("second"));
}

#[tokio::test]
async fn the_halves_work_apart() {
    let (connection, server) = opened(|mut server| async move {
        for _ in 0..1000 {
            let message = server.next().await.unwrap().unwrap();
            server.send(message).await.unwrap();
        }
        server.close(None).await.unwrap();
        while let Some(Ok(_)) = server.next().await {}
    })
    .await;
    let (mut sender, mut receiver) = connection.split();
    let sending = tokio::spawn(async move {
        for count in 0..1000 {
            sender.send(vec![text(&count.to_string())]).await.unwrap();
        }
        sender
    });
    for count in 0..1000 {
        assert_eq!(
            receiver.receive(PATIENCE).await.unwrap(),
            Some(text(&count.to_string()))
        );
    }
    let error = receiver.receive(PATIENCE).await.unwrap_err();
    assert!(
        error.to_string().ends_with("is closed, by the other side"),
        "{error}"
    );
    let mut sender = end(sending).await;
    assert_eq!(
        sender.send(vec![text("x")]).await.unwrap_err().cause.kind(),
        Kind::Closed
    );
    drop((sender, receiver));
    end(server).await;
}
