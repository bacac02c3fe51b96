//! A guest that does with files whatever it is told, and says what came of it.

use std::fs::{self, File, OpenOptions};
use std::io::{Error, Read, Result, Write};
use std::time::Duration;

fn main() {
    let mut arguments = String::new();
    std::io::stdin().read_to_string(&mut arguments).unwrap();
    let told = arguments.split('"').nth(3).unwrap();
    let words: Vec<&str> = told.split(' ').collect();
    match words[..] {
        ["try", path] => print!("{}", attempt(path).join(" ")),
        ["move", path] => print!("{}", move_over(path).join(" ")),
        ["litter", folder] => litter(folder),
        ["fill", path] => fill(path),
        ["swap"] => swap(),
        ["peek", enough] => peek(enough.parse().unwrap()),
        ["open", path, enough] => open(path, enough.parse().unwrap()),
        ["stay"] => stay(),
        ["touch", path] => print!("{}", said(File::create(path))),
        ["empty", folder] => empty(folder),
        _ => panic!("{told}"),
    }
}

fn said<T>(result: Result<T>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(error) => code(&error),
    }
}

fn code(error: &Error) -> String {
    format!("{:?}", error.raw_os_error().unwrap_or_default())
}

/// Everything that can be done to a path and leaves it where it is; what succeeded is named.
#[allow(deprecated)]
fn attempt(path: &str) -> Vec<&'static str> {
    let under = format!("{path}/new");
    let own = "/data/own";
    fs::write(own, "mine").unwrap();
    let _ = (fs::remove_file("/data/copy"), fs::remove_file("/data/hard"));
    let results = [
        ("read", fs::read(path).map(drop)),
        ("list", fs::read_dir(path).map(drop)),
        ("open", File::open(path).map(drop)),
        ("stat", fs::metadata(path).map(drop)),
        ("write", fs::write(path, "mine")),
        ("append", OpenOptions::new().append(true).open(path).map(drop)),
        ("truncate", OpenOptions::new().write(true).truncate(true).open(path).map(drop)),
        ("create", OpenOptions::new().write(true).create_new(true).open(path).map(drop)),
        ("mkdir", fs::create_dir(path)),
        ("write under", fs::write(&under, "mine")),
        ("mkdir under", fs::create_dir(&under)),
        ("move under", fs::rename(own, &under)),
        ("copy from", fs::copy(path, "/data/copy").map(drop)),
        ("copy to", fs::copy(own, path).map(drop)),
        ("link from", fs::hard_link(path, "/data/hard")),
        ("link to", fs::hard_link(own, path)),
        ("link under", fs::hard_link(own, &under)),
        ("symlink", fs::soft_link(path, "/data/soft")),
        ("symlink at", fs::soft_link("own", path)),
    ];
    results.into_iter().filter(|(_, result)| result.is_ok()).map(|(name, _)| name).collect()
}

/// What takes a path away or puts something in its place.
fn move_over(path: &str) -> Vec<&'static str> {
    let own = "/data/own";
    fs::write(own, "mine").unwrap();
    let results = [
        ("move from", fs::rename(path, "/data/stolen")),
        ("move to", fs::rename(own, path)),
        ("remove", fs::remove_file(path)),
        ("rmdir", fs::remove_dir(path)),
        ("remove all", fs::remove_dir_all(path)),
    ];
    results.into_iter().filter(|(_, result)| result.is_ok()).map(|(name, _)| name).collect()
}

/// Makes a million names, files and folders by turns, and says how many there came to be and why no more.
fn litter(folder: &str) {
    for number in 0..1_000_000 {
        let path = format!("{folder}/{number}");
        let made = match number % 2 {
            0 => File::create_new(path).map(drop),
            _ => fs::create_dir(path),
        };
        if let Err(error) = made {
            return print!("{number} {}", code(&error));
        }
    }
    print!("1000000");
}

/// Writes until no more fits, and says how much did and why no more.
fn fill(path: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    let mut written = 0;
    loop {
        match file.write(&[7; 1000]) {
            Ok(count) => written += count,
            Err(_) => {
                // A stream that failed has one word for all reasons.
                let why = file.set_len(written as u64 + (1 << 30)).err();
                return print!("{written} {}", why.map_or_else(String::new, |why| code(&why)));
            }
        }
    }
}

fn empty(folder: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
    }
    print!("emptied");
}

fn is_stopped() -> bool {
    fs::metadata("/data/stop").is_ok()
}

/// Exchanges a folder for a link, as well as it can without a call that does it at once.
fn swap() {
    let mut swapped = 0;
    while !is_stopped() {
        let steps = [("swap", "third"), ("other", "swap"), ("third", "other")];
        let done = steps.map(|(from, to)| fs::rename(format!("/data/{from}"), format!("/data/{to}")).is_ok());
        swapped += u32::from(done.contains(&true));
    }
    print!("{swapped}");
}

/// Reaches through what others exchange until it met both often enough, and says what it saw.
fn peek(enough: u32) {
    let (mut inside, mut outside, mut refused) = (0, 0, 0);
    for _ in 0..40_000 {
        match fs::read_to_string("/data/swap/secret").as_deref() {
            Ok("decoy") => inside += 1,
            Ok(_) => outside += 1,
            Err(_) => refused += 1,
        }
        let _ = fs::write("/data/swap/planted", "planted");
        let _ = fs::rename("/data/swap/planted", "/data/swap/renamed");
        let _ = fs::remove_file("/data/swap/precious");
        let _ = fs::create_dir("/data/swap/made");
        if inside >= enough && refused >= enough {
            break;
        }
    }
    print!("{inside} {outside} {refused}");
}

/// Opens what others exchange for something that would hold it up.
fn open(path: &str, enough: u32) {
    let (mut opened, mut refused) = (0, 0);
    for _ in 0..40_000 {
        let file = OpenOptions::new().read(true).write(true).open(path);
        match file.and_then(|mut file| file.read(&mut [0; 8])) {
            Ok(_) => opened += 1,
            Err(_) => refused += 1,
        }
        if opened >= enough && refused >= enough {
            break;
        }
    }
    print!("{opened} {refused}");
}

/// Holds a folder and a file in it open until they are gone, and then goes on using them.
fn stay() {
    let mut file = File::create("/data/gone/file").unwrap();
    let listing = fs::read_dir("/data/gone").unwrap();
    fs::write("/data/gone/ready", "").unwrap();
    while fs::metadata("/data/gone").is_ok() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let results = [
        said(file.write_all(b"still open").and_then(|()| file.sync_all())),
        said(File::create("/data/gone/new")),
        said(fs::create_dir("/data/gone/folder")),
        said(fs::remove_file("/data/gone/file")),
        said(fs::rename("/data/gone/file", "/data/file")),
        said(fs::read_dir("/data/gone")),
    ];
    drop(listing);
    print!("{}", results.join(" "));
    fs::write("/data/noticed", "").unwrap();
    // The rest goes too.
    while fs::write("/data/more", "").is_ok() {
        std::thread::sleep(Duration::from_millis(5));
    }
    print!(" {} {}", said(fs::create_dir("/data/folder")), said(fs::read("/data/more")));
}
