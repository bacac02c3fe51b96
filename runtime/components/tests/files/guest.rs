//! A guest that knows files only as `std::fs` has them. Each promise of the host is one word; what it prints is
//! what it saw, and it panics where the standard library and the host do not agree.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};

/// The standard library has no kinds for these on this target.
const EDQUOT: i32 = 19;
const EIO: i32 = 29;
const ENOTEMPTY: i32 = 55;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let word = |index: usize| arguments[index].as_str();
    match word(1) {
        "use" => use_all(),
        "read" => println!("{}", shown(fs::read_to_string(word(2)))),
        "write" => println!("{}", shown(fs::write(word(2), word(3)).map(|()| "written".to_owned()))),
        "link" => println!("{}", shown(fs::hard_link(word(2), word(3)).map(|()| "linked".to_owned()))),
        "fill" => fill(word(2)),
        "list" => list(word(2)),
        "hold" => hold(word(2)),
        "spin" => loop {
            let _ = fs::metadata(word(2));
        },
        other => panic!("no such word: {other}"),
    }
}

fn shown(result: std::io::Result<String>) -> String {
    match result {
        Ok(text) => text,
        Err(error) => format!("error: {:?}", error.kind()),
    }
}

fn use_all() {
    fs::create_dir_all("/data/a/b").unwrap();
    let mut file = File::create_new("/data/a/b/file").unwrap();
    file.write_all(&[b'x'; 200_000]).unwrap();
    file.seek(SeekFrom::Start(10)).unwrap();
    file.write_all(b"HELLO").unwrap();
    file.sync_all().unwrap();
    drop(file);

    let mut file = OpenOptions::new().append(true).open("/data/a/b/file").unwrap();
    file.write_all(b"END").unwrap();
    drop(file);
    let text = fs::read_to_string("/data/a/b/file").unwrap();
    assert_eq!(text.len(), 200_003);
    assert_eq!(&text[8..17], "xxHELLOxx");
    assert!(text.ends_with("xEND"));

    let mut file = File::open("/data/a/b/file").unwrap();
    let mut some = [0; 5];
    file.seek(SeekFrom::Start(10)).unwrap();
    file.read_exact(&mut some).unwrap();
    assert_eq!(&some, b"HELLO");
    assert!(file.write(b"no").is_err());
    drop(file);

    let file = OpenOptions::new().write(true).open("/data/a/b/file").unwrap();
    file.set_len(5).unwrap();
    assert_eq!(file.metadata().unwrap().len(), 5);
    drop(file);

    assert_eq!(File::create_new("/data/a/b/file").unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::remove_dir("/data/a").unwrap_err().raw_os_error(), Some(ENOTEMPTY));
    assert_eq!(fs::read("/data/missing").unwrap_err().kind(), ErrorKind::NotFound);
    fs::rename("/data/a/b/file", "/data/moved").unwrap();
    assert!(fs::metadata("/data/moved").unwrap().modified().is_ok());
    assert!(fs::metadata("/data/a").unwrap().is_dir());
    fs::copy("/data/moved", "/data/copy").unwrap();
    let mut names: Vec<_> = fs::read_dir("/data").unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["a", "copy", "moved"]);
    fs::remove_dir_all("/data/a").unwrap();
    fs::remove_file("/data/moved").unwrap();
    println!("used");
}

/// Writes until the quota is used up, and says how much that was.
fn fill(path: &str) {
    let mut file = File::create(path).unwrap();
    let mut written = 0;
    loop {
        match file.write(&[7; 1000]) {
            Ok(count) => written += count,
            Err(error) => {
                // Its C library has no other word for a stream that failed; elsewhere it passes the code on.
                assert_eq!(error.raw_os_error(), Some(EIO));
                assert_eq!(file.set_len(1 << 40).unwrap_err().raw_os_error(), Some(EDQUOT));
                println!("{written}");
                return;
            }
        }
    }
}

fn list(path: &str) {
    let mut names = 0;
    for entry in fs::read_dir(path).unwrap() {
        assert!(entry.unwrap().file_type().unwrap().is_file());
        names += 1;
    }
    println!("{names}");
}

/// Opens a file until it may not any more.
fn hold(path: &str) {
    let mut held = Vec::new();
    loop {
        match File::open(path) {
            Ok(file) => held.push(file),
            Err(error) => {
                println!("{} {:?}", held.len(), error.kind());
                held.clear();
                File::open(path).unwrap();
                return;
            }
        }
    }
}
