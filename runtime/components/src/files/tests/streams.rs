//! Files as streams.

use std::sync::Mutex;

use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError};

use crate::descriptors::{Descriptor, Descriptors};

use super::super::streams::{Position, Reader, Writer};
use super::super::{Budget, MAX_CHUNK, Volume};
use super::*;

#[derive(Default)]
struct Meter(Mutex<Volume>);

impl Budget for Meter {
    fn charge(&self, volume: Volume) -> wasmtime::Result<()> {
        let mut sum = self.0.lock().unwrap();
        sum.calls += volume.calls;
        sum.bytes_in += volume.bytes_in;
        sum.bytes_out += volume.bytes_out;
        if sum.bytes_in > 1 << 20 {
            Err(wasmtime::format_err!("spent"))
        } else {
            Ok(())
        }
    }
}

fn slot() -> Descriptor {
    Descriptors::new(1).take().unwrap()
}

fn reader(file: &Arc<OpenFile>, meter: &Arc<Meter>) -> Reader {
    Reader::new(Arc::clone(file), Arc::clone(meter) as Arc<dyn Budget>, 0, slot())
}

fn writer(file: &Arc<OpenFile>, meter: &Arc<Meter>, position: Position) -> Writer {
    Writer::new(
        Arc::clone(file),
        Arc::clone(meter) as Arc<dyn Budget>,
        position,
        slot(),
    )
}

#[test]
fn a_stream_reads_all_of_a_file_and_ends() {
    let world = World::new();
    let text: Vec<u8> = (0..200_000u32).map(|number| number.to_le_bytes()[0]).collect();
    std::fs::write(world.path("file"), &text).unwrap();
    let file = Arc::new(open(&world.grant(PLENTY), "file", READ).unwrap());
    let meter = Arc::new(Meter::default());
    let read = world.runtime.block_on(async {
        let mut stream = reader(&file, &meter);
        let mut read = Vec::new();
        assert!(stream.read(0).unwrap().is_empty());
        loop {
            stream.ready().await;
            match stream.read(1000) {
                Ok(bytes) => read.extend_from_slice(&bytes),
                Err(StreamError::Closed) => break,
                Err(other) => panic!("{other}"),
            }
        }
        let mut stream = reader(&file, &meter);
        let chunk = stream.blocking_read(usize::MAX).await.unwrap();
        assert_eq!(chunk.len(), MAX_CHUNK);
        assert_eq!(chunk, text[..MAX_CHUNK]);
        read
    });
    assert!(read == text);
    let sum = *meter.0.lock().unwrap();
    assert_eq!(sum.bytes_in, 200_000 + u64::try_from(MAX_CHUNK).unwrap());
    assert!(sum.calls >= 200);
}

#[test]
fn a_spent_budget_ends_a_stream_for_good() {
    let world = World::new();
    std::fs::write(world.path("file"), vec![0; 3 << 20]).unwrap();
    let file = Arc::new(open(&world.grant(PLENTY), "file", READ).unwrap());
    let mut stream = reader(&file, &Arc::new(Meter::default()));
    world.runtime.block_on(async {
        let ended = loop {
            if let Err(ended) = stream.blocking_read(MAX_CHUNK).await {
                break ended;
            }
        };
        assert!(matches!(ended, StreamError::Trap(_)), "{ended}");
    });
}

#[test]
fn a_writer_tells_which_limit_it_met_and_then_is_closed() {
    let world = World::new();
    let granted = world.grant(Quota {
        bytes: 70_000,
        entries: 10,
    });
    let file = Arc::new(open(&granted, "file", CREATE).unwrap());
    let meter = Arc::new(Meter::default());
    world.runtime.block_on(async {
        let mut stream = writer(&file, &meter, Position::At(0));
        assert_eq!(stream.check_write().unwrap(), MAX_CHUNK);
        stream.write(vec![1; 60_000].into()).unwrap();
        // What is on its way is waited for before there is more.
        let early = stream.write(vec![1; 10].into());
        assert!(matches!(early, Err(StreamError::Trap(_))));
        stream.ready().await;
        stream
            .blocking_write_and_flush(vec![2; 10_000].into())
            .await
            .unwrap();
        let failed = stream
            .blocking_write_and_flush(vec![3; 1].into())
            .await
            .unwrap_err();
        let StreamError::LastOperationFailed(error) = failed else {
            panic!("{failed}")
        };
        assert_eq!(error.downcast_ref::<ErrorCode>(), Some(&ErrorCode::Quota));
        assert!(matches!(stream.check_write(), Err(StreamError::Closed)));
        stream.cancel().await;
    });
    assert_eq!(bytes_in(&world.path("")), 70_000);
    assert_eq!(meter.0.lock().unwrap().bytes_out, 70_001);
}

#[test]
fn appending_streams_of_one_file_do_not_write_over_each_other() {
    let world = World::new();
    let file = Arc::new(open(&world.grant(PLENTY), "file", CREATE).unwrap());
    let meter = Arc::new(Meter::default());
    let append = |mark: u8| {
        let mut stream = writer(&file, &meter, Position::End);
        async move {
            for _ in 0..100 {
                stream
                    .blocking_write_and_flush(vec![mark; 100].into())
                    .await
                    .unwrap();
            }
        }
    };
    let (one, two) = (append(1), append(2));
    world.runtime.block_on(async { tokio::join!(one, two) });
    let text = std::fs::read(world.path("file")).unwrap();
    assert_eq!(text.len(), 20_000);
    assert_eq!(text.iter().filter(|mark| **mark == 1).count(), 10_000);
    assert!(
        text.chunks(100)
            .all(|chunk| chunk.iter().all(|mark| mark == &chunk[0]))
    );
}
